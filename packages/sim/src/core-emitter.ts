import type { Operation, Type, Value } from "@aiekit/mlir";
import { badOp } from "./ir-read.ts";

/**
 * How a value is kept in JavaScript. `int`: a signed number, wrapped to its width (i1 is 0 or 1). `long`: a BigInt wrapped
 * to 64 bits. `index`: a number, exact to 2^53. `float`: a number rounded to its type. `memref`: a pointer (see
 * `pointerSlotBytes`). `vector`: a typed array of elements that are kept so.
 */
type ValueKind = "int" | "long" | "index" | "float" | "memref" | "vector";

/** A memref is kept as slot * 2^20 + byte address: slot 0 is the core's own memory, others its neighbours'. */
export const pointerSlotBytes = 2 ** 20;

/** Back edges of loops, and cycles of work, after which a core that never waits lets the rest of the array go on. */
const loopFuel = 20_000;
const turnCycles = 100_000;

/** Stands for all local variables, which are known at the end. */
const allLocals = "/* locals */";
/** Variables, each as often as it is told. */
const mostTold = 20_000;

/** Collects the JavaScript of one function of a core: its lines, its local variables, and what it costs. */
export class CoreEmitter {
  readonly lines: string[] = [];
  readonly locals: string[] = [];
  readonly prefix: string;
  /** Counters of loops that no array comes to the end of: where they stand makes no difference. */
  readonly endless = new Set<string>();
  /** Where the function may stand at a lock. */
  #lockWaits = 0;
  /** Local variables of the regions around what is emitted: others are set before they are read again. */
  readonly #live: string[] = [];
  /** Regions of several blocks around it, in which a block that stands behind may come before. */
  #graphs = 0;
  #told = 0;
  readonly #names = new Map<Value, string>();
  #serial = 0;
  #cycles = 0;

  /** `prefix` keeps the names of functions apart. */
  constructor(prefix: string) {
    this.prefix = prefix;
  }

  line(text: string): void {
    this.lines.push(text);
  }

  /** A new local variable. */
  local(): string {
    const name = `${this.prefix}${this.#serial++}`;
    this.locals.push(name);
    this.#live.push(name);
    return name;
  }

  /** Emits a region. Its variables are of no use behind it. */
  region(emit: () => void, blocks = 1): void {
    const before = this.#live.length;
    if (blocks > 1) this.#graphs++;
    emit();
    if (blocks > 1) this.#graphs--;
    else this.#live.length = before;
  }

  /** The variable that holds `value`, made at the first call. */
  variable(value: Value): string {
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    const name = this.local();
    this.#names.set(value, name);
    return name;
  }

  /** `value` is this expression wherever it is used; it must have no side effect and never change. */
  define(value: Value, expression: string): void {
    this.#names.set(value, expression);
  }

  set(value: Value, expression: string): void {
    this.line(`${this.variable(value)} = ${expression};`);
  }

  /** Expression of an operand. @throws DesignError when it was not computed in this core. */
  use(op: Operation, index: number): string {
    const value = op.operands[index];
    const name = value && this.#names.get(value);
    if (name === undefined) {
      throw badOp(op, `operand ${index}${value?.name ? ` (%${value.name})` : ""} is not a value of this core`);
    }
    return name;
  }

  /** Expression of any value that was computed. */
  expression(value: Value, user: Operation): string {
    const name = this.#names.get(value);
    if (name === undefined) throw badOp(user, `%${value.name ?? "?"} is not a value of this core`);
    return name;
  }

  /** Copies values at once, as block arguments are set: no source changes before it is read. */
  assign(targets: readonly Value[], sources: readonly string[]): void {
    const names = targets.map((target) => this.variable(target));
    const pairs = names
      .map((name, i) => [name, sources[i] ?? name] as const)
      .filter(([name, source]) => name !== source);
    if (pairs.length <= 1) {
      for (const [name, source] of pairs) this.line(`${name} = ${source};`);
      return;
    }
    const copies = pairs.map(([, source]) => {
      const copy = this.local();
      this.line(`${copy} = ${source};`);
      return copy;
    });
    pairs.forEach(([name], i) => {
      this.line(`${name} = ${copies[i]};`);
    });
  }

  /** Counts cycles of straight-line code; they are charged by `charge`. */
  cost(cycles: number): void {
    this.#cycles += cycles;
  }

  /** Charges what was counted. Needed wherever control leaves straight-line code. */
  charge(): void {
    if (this.#cycles > 0) this.line(`t += ${this.#cycles};`);
    this.#cycles = 0;
  }

  /** Lets the clock catch up with the work done. Lock operations begin with this. */
  passTime(): void {
    this.charge();
    this.line(`if (t > 0) { rt.cycles = t + lk; t = 0; lk = 0; fuel = ${loopFuel}; yield; }`);
  }

  /**
   * Stands at a lock until it is granted. Who goes on with `true` gets told where: the number of the place, and what the
   * variables hold that are still to be read.
   */
  waitAtLock(lock: string): void {
    const place = this.#lockWaits++;
    const live = this.#graphs > 0 ? allLocals : this.#live.filter((name) => !this.endless.has(name)).join(", ");
    this.#told += this.#live.length;
    const tell = `while (yield) rt.locals = [${place}, lk, ${live}];`;
    this.line(`{ rt.cycles = 0; rt.lock = ${lock}; fuel = ${loopFuel}; ${tell} }`);
  }

  /** Goes at every back edge. */
  backEdge(): void {
    this.charge();
    this.line(
      `if (--fuel < 0 || t > ${turnCycles}) { fuel = ${loopFuel}; rt.cycles = t + lk + 1; t = 0; lk = 0; yield; }`,
    );
  }

  /** False where telling the variables would be most of the code. */
  get tellsLocals(): boolean {
    return this.#told <= mostTold;
  }

  /** Body of the function: declarations and lines. */
  body(): string {
    const declared = this.locals.length > 0 ? `let ${this.locals.join(", ")};\n` : "";
    const all = this.tellsLocals ? this.locals.filter((name) => !this.endless.has(name)).join(", ") : "";
    const lines = this.lines.join("\n").replaceAll(allLocals, all);
    return `let t = 0, lk = 0, fuel = ${loopFuel};\n${declared}${lines}\n`;
  }
}

/** @throws DesignError for types that a core body cannot hold in the simulator. */
export function valueKind(op: Operation, type: Type): ValueKind {
  if (type.kind === "index") return "index";
  if (type.kind === "memref" || type.kind === "vector") return type.kind;
  if (type.kind === "float" && type.name !== "f16") return "float";
  if (type.kind === "integer" && type.width <= 32) return "int";
  if (type.kind === "integer" && type.width <= 64) return "long";
  throw unsupported(op, type.kind === "float" ? type.name : type.kind);
}

/** What is not simulated says so, with its place and a way out. */
export function unsupported(op: Operation, about?: string): Error {
  return badOp(
    op,
    `${about === undefined ? "this operation" : `type ${about}`} is not simulated in a core body`,
    "move the computation into a C++ kernel and call it with func.call",
  );
}
