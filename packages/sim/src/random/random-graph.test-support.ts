/** Numbers from 0 to below a limit. */
export type Random = (limit: number) => number;

/** From a seed, always the same. Linear congruence with Numerical Recipes' constants. */
export function randomFrom(seed: number): Random {
  let state = (Math.imul(seed, 2654435761) + 12345) >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

export interface Place {
  readonly col: number;
  readonly row: number;
}

/** A stream of objects of `words` 32-bit words, which is an objectFifo of the design. */
export interface Wire {
  readonly name: string;
  readonly from: Place;
  readonly to: Place[];
  /** Objects of one run. */
  readonly objects: number;
  depth: number;
  /** A memtile sends the object as the columns, one after the other, of a matrix with so many of them. */
  readonly columns?: number;
}

/** out[e] = term + factor x (sum over inputs and over the `take` objects that are acquired together, of in[e]). */
export interface CoreNode extends Place {
  readonly inputs: readonly Wire[];
  readonly output: Wire;
  readonly take: number;
  readonly factor: number;
  readonly term: number;
  /** By the C function k(in, out, count, term), which adds; the factor is 1 then. */
  readonly calls: boolean;
}

/** A memtile passes one wire on as another. */
interface LinkNode {
  readonly input: Wire;
  readonly output: Wire;
}

export interface Graph {
  readonly words: number;
  readonly wires: readonly Wire[];
  /** In an order in which each has its inputs before it. */
  readonly nodes: readonly (CoreNode | LinkNode)[];
  readonly inputs: readonly Wire[];
  readonly outputs: readonly Wire[];
}

const graphColumns = 2;

/**
 * A legal graph: one to three inputs from the host, then maps, sums, batches of several objects, broadcasts, C functions, and
 * memtiles with or without another order, all of whose streams end at the host.
 */
export function randomGraph(seed: number): Graph {
  return new GraphMaker(randomFrom(seed)).make();
}

/** What Kahn's process network gives for the outputs, node by node, without an array. */
export function evaluate(graph: Graph, inputs: readonly Int32Array[]): Int32Array[] {
  const values = new Map<Wire, Int32Array>(graph.inputs.map((wire, i) => [wire, inputs[i]!]));
  for (const node of graph.nodes) {
    values.set(node.output, "take" in node ? coreOutput(graph, node, values) : linkOutput(graph, node, values));
  }
  return graph.outputs.map((wire) => values.get(wire)!);
}

function coreOutput({ words }: Graph, core: CoreNode, values: ReadonlyMap<Wire, Int32Array>): Int32Array {
  const out = new Int32Array(core.output.objects * words);
  for (let i = 0; i < out.length; i++) {
    const [object, element] = [Math.floor(i / words), i % words];
    let sum = 0;
    for (const input of core.inputs) {
      for (let k = 0; k < core.take; k++) sum += values.get(input)![(object * core.take + k) * words + element]!;
    }
    out[i] = Math.imul(sum, core.factor) + core.term;
  }
  return out;
}

function linkOutput({ words }: Graph, link: LinkNode, values: ReadonlyMap<Wire, Int32Array>): Int32Array {
  const from = values.get(link.input)!;
  const { columns } = link.output;
  if (columns === undefined) return from;
  const rows = words / columns;
  return from.map((_, i) => {
    const [object, element] = [Math.floor(i / words), i % words];
    return from[object * words + (element % rows) * columns + Math.floor(element / rows)]!;
  });
}

class GraphMaker {
  readonly #random: Random;
  readonly #free: Place[];
  readonly #wires: Wire[] = [];
  readonly #nodes: (CoreNode | LinkNode)[] = [];
  readonly #words: number;

  constructor(random: Random) {
    this.#random = random;
    this.#words = 16 * (1 + random(3));
    const places = Array.from({ length: 4 * graphColumns }, (_, i) => ({ col: i % graphColumns, row: 2 + (i >> 1) }));
    const shuffled = places.map((place) => ({ place, key: random(2 ** 20) })).sort((a, b) => a.key - b.key);
    this.#free = shuffled.map(({ place }) => place);
  }

  make(): Graph {
    const random = this.#random;
    const objects = 6 * (1 + random(2));
    const inputs = Array.from({ length: 1 + random(3) }, (_, k) => this.#wire({ col: k % 2, row: 0 }, objects));
    const open = [...inputs];
    for (let steps = 1 + random(6); steps > 0; steps--) this.#step(open);
    const outputs = open.map((wire) => (wire.from.row === 0 ? this.#link(wire, undefined) : wire));
    outputs.forEach((wire, k) => {
      wire.to.push({ col: k % 2, row: 0 });
    });
    return { words: this.#words, wires: this.#wires, nodes: this.#nodes, inputs, outputs };
  }

  /** Replaces one or two of the open ends by what a new node makes of them. */
  #step(open: Wire[]): void {
    if (this.#free.length < 2) return;
    const at = this.#random(open.length);
    const wire = open[at]!;
    switch (this.#random(7)) {
      case 0:
      case 1:
        open[at] = this.#core([wire], { take: 1, calls: false });
        break;
      case 2:
        open[at] = this.#core([wire], { take: 1, calls: true });
        break;
      case 3: {
        const take = wire.objects % 2 === 0 ? 2 : 3;
        if (wire.objects % take !== 0) break;
        wire.depth = Math.max(wire.depth, take);
        open[at] = this.#core([wire], { take, calls: false });
        break;
      }
      case 4:
        if (open.length < 4) {
          open[at] = this.#core([wire], { take: 1, calls: false });
          open.push(this.#core([wire], { take: 1, calls: false }));
        }
        break;
      case 5:
        if (wire.from.row !== 1) open[at] = this.#link(wire, this.#random(2) === 0 ? undefined : 8);
        break;
      default: {
        const other = open.findIndex((candidate, i) => i !== at && candidate.objects === wire.objects);
        if (other < 0) break;
        open[at] = this.#core([wire, open[other]!], { take: 1, calls: false });
        open.splice(other, 1);
      }
    }
  }

  #wire(from: Place, objects: number, columns?: number): Wire {
    const name = `${from.row === 0 ? "in" : "f"}${this.#wires.length}`;
    const wire = { name, from, to: [], objects, depth: 1 + this.#random(3), ...(columns && { columns }) };
    this.#wires.push(wire);
    return wire;
  }

  #core(inputs: readonly Wire[], { take, calls }: Pick<CoreNode, "take" | "calls">): Wire {
    const place = this.#free.pop()!;
    for (const input of inputs) input.to.push(place);
    const output = this.#wire(place, inputs[0]!.objects / take);
    const [factor, term] = [calls ? 1 : 1 + this.#random(5), this.#random(100)];
    this.#nodes.push({ ...place, inputs, output, take, factor, term, calls });
    return output;
  }

  #link(input: Wire, columns: number | undefined): Wire {
    const memtile = { col: this.#random(graphColumns), row: 1 };
    input.to.push(memtile);
    const output = this.#wire(memtile, input.objects, columns);
    this.#nodes.push({ input, output });
    return output;
  }
}
