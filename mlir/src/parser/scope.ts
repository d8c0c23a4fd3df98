import { Block, type Operation, type Region, Value } from "../ir/operation.ts";
import { sameType, type Type } from "../ir/types.ts";
import { typeText } from "../printer/attributes.ts";
import type { Scanner } from "./scanner.ts";

/** A mention of a value: its spelling without `%`, and where it stands. */
export interface ValueUse {
  readonly name: string;
  readonly offset: number;
}

/** A value that is mentioned before the operation that defines it has been read. */
interface ForwardValue {
  readonly value: Value;
  readonly use: ValueUse;
  readonly patches: ((value: Value) => void)[];
}

interface Frame {
  readonly values: Map<string, Value>;
  readonly isIsolated: boolean;
  readonly labels: Map<string, { readonly block: Block; readonly offset: number; isDefined: boolean }>;
}

/** The SSA names and block labels that are visible at the cursor. */
export class Scope {
  readonly #scanner: Scanner;
  readonly #frames: Frame[] = [];
  readonly #forward = new Map<string, ForwardValue>();
  readonly #definedAt = new Map<Value, number>();

  constructor(scanner: Scanner) {
    this.#scanner = scanner;
    this.enterRegion({ isIsolated: true });
  }

  enterRegion({ isIsolated }: { readonly isIsolated: boolean }): void {
    this.#frames.push({ values: new Map(), isIsolated, labels: new Map() });
  }

  /** @throws FormatError when a label or a value was used and never defined. */
  leaveRegion(): void {
    const frame = this.#frames.pop();
    for (const [name, label] of frame?.labels ?? []) {
      if (!label.isDefined) throw this.#scanner.errorAt(label.offset, `reference to an undefined block '^${name}'`);
    }
    if (frame?.isIsolated) this.#checkForward();
  }

  /** Gives `value` a name. @throws FormatError when the name is taken or was used with another type. */
  define(use: ValueUse, value: Value): void {
    if (this.#lookup(use.name)) throw this.#scanner.errorAt(use.offset, `redefinition of SSA value '%${use.name}'`);
    const forward = this.#forward.get(use.name);
    if (forward) {
      if (!sameType(forward.value.type, value.type)) throw this.#typeClash(use, value.type, forward.value.type);
      for (const patch of forward.patches) patch(value);
      this.#forward.delete(use.name);
    }
    this.#frames.at(-1)?.values.set(use.name, value);
    this.#definedAt.set(value, use.offset);
  }

  /**
   * The value a name stands for. A name that is not defined yet gives a stand-in of the expected type, and `patch` is
   * called with the value when it is.
   */
  resolve(use: ValueUse, expected: Type | undefined, patch: (value: Value) => void): Value {
    const value = this.#lookup(use.name) ?? this.#forward.get(use.name)?.value;
    if (value && expected && !sameType(value.type, expected)) throw this.#typeClash(use, expected, value.type);
    const forward = this.#forward.get(use.name);
    if (forward) forward.patches.push(patch);
    if (value) return value;
    if (!expected) throw this.#undeclared(use);
    const standIn = new Value(expected, use.name);
    this.#forward.set(use.name, { value: standIn, use, patches: [patch] });
    return standIn;
  }

  /** The block a label stands for; made on its first mention. */
  block(name: string, offset: number): Block {
    const labels = this.#frames.at(-1)?.labels;
    const label = labels?.get(name) ?? { block: new Block(), offset, isDefined: false };
    labels?.set(name, label);
    return label.block;
  }

  /** Puts the labelled block at the end of the region. @throws FormatError when the label is taken. */
  defineBlock(name: string, offset: number, region: Region): Block {
    const block = this.block(name, offset);
    const label = this.#frames.at(-1)?.labels.get(name);
    if (label?.isDefined) throw this.#scanner.errorAt(offset, `redefinition of block '^${name}'`);
    if (label) label.isDefined = true;
    return region.addBlock(block);
  }

  /** @throws FormatError for the first value that was used and never defined. */
  finish(): void {
    this.#checkForward();
  }

  #checkForward(): void {
    const [first] = [...this.#forward.values()].sort((a, b) => a.use.offset - b.use.offset);
    if (first) throw this.#undeclared(first.use);
  }

  #lookup(name: string): Value | undefined {
    for (let i = this.#frames.length - 1; i >= 0; i--) {
      const frame = this.#frames[i];
      const value = frame?.values.get(name);
      if (value || frame?.isIsolated) return value;
    }
    return undefined;
  }

  #undeclared(use: ValueUse): Error {
    const names = this.#frames.flatMap((frame) => [...frame.values.keys()]);
    const hint = `values defined here: ${names
      .slice(-12)
      .map((name) => `%${name}`)
      .join(", ")}`;
    const message = `use of undeclared SSA value name '%${use.name}'`;
    return this.#scanner.errorAt(use.offset, message, names.length > 0 ? hint : undefined);
  }

  #typeClash(use: ValueUse, expected: Type, actual: Type): Error {
    const types = `'${typeText(expected)}' vs '${typeText(actual)}'`;
    return this.#scanner.errorAt(
      use.offset,
      `use of value '%${use.name}' expects different type than prior uses: ${types}`,
    );
  }
}

/** Puts `value` in place of the stand-in among the operands and successor arguments of `op`. */
export function replaceOperand(op: Operation, from: Value, to: Value): void {
  for (const [i, operand] of op.operands.entries()) if (operand === from) op.operands[i] = to;
  for (const [i, successor] of op.successors.entries()) {
    const args = successor.args.map((arg) => (arg === from ? to : arg));
    op.successors[i] = { block: successor.block, args };
  }
}
