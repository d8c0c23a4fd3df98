import type { Attribute } from "./attributes.ts";
import type { Type } from "./types.ts";

/** Where an operation was written. Lines and columns count from 1. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A result of an operation or an argument of a block. */
export class Value {
  readonly type: Type;
  /** Name without `%` in the text it was read from, for messages; printed names follow from the operations. */
  name: string | undefined;
  /** The operation this is a result of; undefined for block arguments. */
  readonly definingOp: Operation | undefined;

  constructor(type: Type, name?: string, definingOp?: Operation) {
    this.type = type;
    this.name = name;
    this.definingOp = definingOp;
  }
}

/** A straight run of operations; the last one may be a terminator with successors. */
export class Block {
  readonly args: Value[] = [];
  readonly ops: Operation[] = [];
  parent: Region | undefined;

  addArg(type: Type, name?: string): Value {
    const value = new Value(type, name);
    this.args.push(value);
    return value;
  }

  append(op: Operation): Operation {
    op.parent = this;
    this.ops.push(op);
    return op;
  }

  insertBefore(anchor: Operation, op: Operation): Operation {
    op.parent = this;
    this.ops.splice(this.ops.indexOf(anchor), 0, op);
    return op;
  }

  remove(op: Operation): void {
    this.ops.splice(this.ops.indexOf(op), 1);
    op.parent = undefined;
  }
}

export class Region {
  readonly blocks: Block[] = [];
  parent: Operation | undefined;

  addBlock(block = new Block()): Block {
    block.parent = this;
    this.blocks.push(block);
    return block;
  }

  /** The first block; made when the region is empty. */
  get entry(): Block {
    return this.blocks[0] ?? this.addBlock();
  }
}

/** A successor of a terminator with the values it passes to the block's arguments. */
export interface Successor {
  readonly block: Block;
  readonly args: readonly Value[];
}

export interface OperationState {
  readonly operands?: readonly Value[];
  readonly results?: readonly Type[];
  readonly resultNames?: readonly (string | undefined)[];
  readonly attributes?: Readonly<Record<string, Attribute | undefined>>;
  readonly regions?: readonly Region[];
  readonly successors?: readonly Successor[];
  readonly loc?: Location | undefined;
}

/**
 * One operation of any dialect. What its operands and attributes mean is said once, in the operation's definition
 * (`ops/`); this class only holds them.
 */
export class Operation {
  /** With dialect, for example `aie.lock`. */
  readonly name: string;
  readonly operands: Value[];
  readonly results: readonly Value[];
  /** In order of insertion; the printer sorts. */
  readonly attributes: Map<string, Attribute>;
  readonly regions: readonly Region[];
  readonly successors: Successor[];
  readonly loc: Location | undefined;
  parent: Block | undefined;

  constructor(name: string, state: OperationState = {}) {
    this.name = name;
    this.operands = [...(state.operands ?? [])];
    this.results = (state.results ?? []).map((type, i) => new Value(type, state.resultNames?.[i], this));
    this.attributes = new Map();
    for (const [key, value] of Object.entries(state.attributes ?? {})) {
      if (value !== undefined) this.attributes.set(key, value);
    }
    this.regions = state.regions ?? [];
    for (const region of this.regions) region.parent = this;
    this.successors = [...(state.successors ?? [])];
    this.loc = state.loc;
  }

  /** The only result. @throws RangeError when there is not exactly one. */
  get result(): Value {
    const [value, ...rest] = this.results;
    if (value === undefined || rest.length > 0) throw new RangeError(`${this.name} has ${this.results.length} results`);
    return value;
  }

  get parentOp(): Operation | undefined {
    return this.parent?.parent?.parent;
  }

  /** Value of an integer attribute as a number; undefined when absent. */
  int(key: string): number | undefined {
    const attr = this.attributes.get(key);
    return attr?.kind === "integer" ? Number(attr.value) : undefined;
  }

  /** Value of a string attribute, or the keyword of an enum, or the last part of a symbol; undefined when absent. */
  text(key: string): string | undefined {
    const attr = this.attributes.get(key);
    if (attr?.kind === "string") return attr.value;
    if (attr?.kind === "enum") return attr.name;
    if (attr?.kind === "symbol") return attr.path.at(-1);
    return undefined;
  }

  /** True for `{key = true}` and for a unit attribute. */
  flag(key: string): boolean {
    const attr = this.attributes.get(key);
    return attr?.kind === "unit" || (attr?.kind === "bool" && attr.value);
  }
}

/** Calls `visit` on `op` and everything inside it, outermost first, in program order. */
export function walk(op: Operation, visit: (op: Operation) => void): void {
  visit(op);
  for (const region of op.regions)
    for (const block of region.blocks) for (const inner of [...block.ops]) walk(inner, visit);
}
