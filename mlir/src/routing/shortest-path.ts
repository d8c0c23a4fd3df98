import type { StreamGraph, Wire } from "./stream-graph.ts";

interface PathStep {
  readonly wire: number;
  readonly drivenBy: number;
}

interface PathQuery {
  /** The tree so far: the path may branch off anywhere, at no cost. */
  readonly from: readonly number[];
  readonly to: number;
  /** What entering a wire costs, at least `leastPrice`; infinite where it is not allowed. */
  readonly price: (wire: number) => number;
  readonly leastPrice: number;
}

/** The cheapest chain of wires from the tree to a pin (A*, ties by order of discovery); undefined when there is none. */
export function findPath(graph: StreamGraph, { from, to, price, leastPrice }: PathQuery): PathStep[] | undefined {
  const target = graph.wires[to];
  if (target === undefined) return undefined;
  const cost = new Float64Array(graph.wires.length).fill(Number.POSITIVE_INFINITY);
  const driver = new Int32Array(graph.wires.length).fill(-1);
  const open = new Heap();
  const left = (wire: number): number => leastPrice * distance(graph.wires[wire], target);
  for (const wire of from) {
    cost[wire] = 0;
    open.push(left(wire), wire);
  }
  const isDone = new Uint8Array(graph.wires.length);
  for (let wire = open.pop(); wire !== undefined; wire = open.pop()) {
    if (wire === to) return trace(driver, to);
    if (isDone[wire] === 1) continue;
    isDone[wire] = 1;
    for (const next of graph.next[wire] ?? []) {
      if (isDone[next] === 1 || (next !== to && graph.wires[next]?.slave === undefined)) continue;
      const through = (cost[wire] ?? 0) + price(next);
      if (through >= (cost[next] ?? 0)) continue;
      cost[next] = through;
      driver[next] = wire;
      open.push(through + left(next), next);
    }
  }
  return undefined;
}

/** Switches between the end of one wire and the start of another, as the crow flies. */
export function distance(from: Wire | undefined, to: Wire | undefined): number {
  const a = from?.slave ?? from?.master;
  const b = to?.master ?? to?.slave;
  return a && b ? Math.abs(a.col - b.col) + Math.abs(a.row - b.row) : 0;
}

function trace(driver: Int32Array, to: number): PathStep[] {
  const path: PathStep[] = [];
  for (let wire = to, by = driver[wire] ?? -1; by >= 0; wire = by, by = driver[wire] ?? -1) {
    path.unshift({ wire, drivenBy: by });
  }
  return path;
}

/** Smallest key first; of equal keys the one that came first. */
class Heap {
  readonly #keys: number[] = [];
  readonly #values: number[] = [];
  readonly #order: number[] = [];
  #pushed = 0;

  push(key: number, value: number): void {
    let at = this.#keys.length;
    const order = this.#pushed++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isAfter(parent, key, order)) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#set(at, key, value, order);
  }

  pop(): number | undefined {
    const top = this.#values[0];
    const key = this.#keys.pop();
    const value = this.#values.pop();
    const order = this.#order.pop();
    if (key === undefined || value === undefined || order === undefined || this.#keys.length === 0) return top;
    let at = 0;
    for (let child = 1; child < this.#keys.length; child = 2 * at + 1) {
      const right = child + 1;
      if (right < this.#keys.length && this.#isAfter(child, this.#keys[right]!, this.#order[right]!)) child = right;
      if (this.#isAfter(child, key, order)) break;
      this.#move(child, at);
      at = child;
    }
    this.#set(at, key, value, order);
    return top;
  }

  #isAfter(at: number, key: number, order: number): boolean {
    const mine = this.#keys[at] ?? 0;
    return mine > key || (mine === key && (this.#order[at] ?? 0) > order);
  }

  #move(from: number, to: number): void {
    this.#set(to, this.#keys[from] ?? 0, this.#values[from] ?? 0, this.#order[from] ?? 0);
  }

  #set(at: number, key: number, value: number, order: number): void {
    this.#keys[at] = key;
    this.#values[at] = value;
    this.#order[at] = order;
  }
}
