import type { Attribute } from "../ir/attributes.ts";
import { type Block, type Location, Operation, Region } from "../ir/operation.ts";
import type { Type } from "../ir/types.ts";
import type { OpDefinition, TypeBindings } from "../ops/definition.ts";
import { parseDictionary } from "./attributes.ts";
import { buildOperation } from "./build-operation.ts";
import type { Scanner, Token } from "./scanner.ts";
import { Scope, type ValueUse } from "./scope.ts";
import { balancedText, parseType, type Source } from "./types.ts";

/** A mention of a block with the values passed to its arguments. */
export interface SuccessorUse {
  readonly block: Block;
  readonly args: readonly ValueUse[];
  readonly argTypes: readonly Type[];
}

/** What has been read of an operation so far, by the names of its definition. */
export interface OpDraft {
  readonly definition: OpDefinition;
  readonly loc: Location;
  /** Names given to the results in the text; `%x:2` counts twice. */
  readonly resultNames: readonly ValueUse[];
  readonly operands: Map<string, ValueUse[]>;
  /** Types of operands and results, by group name. */
  readonly types: TypeBindings;
  readonly attributes: Map<string, Attribute>;
  readonly regions: Map<string, Region>;
  readonly successors: SuccessorUse[];
}

interface RegionOptions {
  /** Arguments of the entry block that the operation's own syntax names. */
  readonly args?: readonly { readonly use: ValueUse; readonly type: Type }[];
  readonly isIsolated?: boolean;
  /** Appended when the last block does not end with a terminator. */
  readonly terminator?: string | undefined;
}

interface ParserOptions {
  readonly source: Source;
  readonly parseOperation: (parser: OpParser) => Operation;
  readonly isTerminator: (op: Operation) => boolean;
}

/** What assembly is read with: tokens, types and attributes, operands, regions and successors. */
export class OpParser {
  readonly source: Source;
  readonly scanner: Scanner;
  readonly scope: Scope;
  readonly #options: ParserOptions;

  constructor(options: ParserOptions) {
    this.source = options.source;
    this.scanner = options.source.scanner;
    this.scope = new Scope(this.scanner);
    this.#options = options;
  }

  /** `%x` or `%x#1`. */
  operand(): ValueUse {
    const token = this.scanner.expectKind("value", "SSA operand");
    return { name: token.text.slice(1).replace(/#0$/, ""), offset: token.start };
  }

  /** Operands with commas; none when the next token is not a value. */
  operandList(): ValueUse[] {
    if (this.scanner.peek().kind !== "value") return [];
    return this.list(() => this.operand());
  }

  /** At least one element, with commas. */
  list<T>(element: () => T): T[] {
    const elements = [element()];
    while (this.scanner.accept(",")) elements.push(element());
    return elements;
  }

  type(): Type {
    return parseType(this.source);
  }

  /** `{...}` when there is one. */
  attributeDict(draft: OpDraft): void {
    const start = this.scanner.peek();
    if (start.text !== "{") return;
    for (const [name, value] of parseDictionary(this.source)) {
      if (draft.attributes.has(name)) {
        throw this.scanner.errorAt(start.start, `attribute '${name}' is given twice, by the syntax and in {...}`);
      }
      draft.attributes.set(name, value);
    }
  }

  /** `^bb1` or `^bb1(%a, %b : i32, index)`. */
  successor(): SuccessorUse {
    const label = this.scanner.expectKind("block", "a block label (^name)");
    const block = this.scope.block(label.text.slice(1), label.start);
    if (!this.scanner.accept("(")) return { block, args: [], argTypes: [] };
    const args = this.operandList();
    this.scanner.expect(":");
    const argTypes = this.list(() => this.type());
    this.scanner.expect(")");
    return { block, args, argTypes };
  }

  /** `%x: type`, as in the signature of a function. */
  argument(): { use: ValueUse; type: Type } {
    const use = this.operand();
    this.scanner.expect(":");
    const type = this.type();
    this.skipLocation();
    return { use, type };
  }

  /** `{ operations and blocks }` */
  region(options: RegionOptions = {}): Region {
    return this.scanner.nested(() => this.#region(options));
  }

  /** Makes the operation of a draft, with names defined and operands looked up. */
  build(draft: OpDraft): Operation {
    return buildOperation(this, draft);
  }

  /** An error about the operation at `loc`, which is in this text. */
  errorAt({ line, column }: Location, message: string): Error {
    const lines = this.scanner.text.split("\n").slice(0, line - 1);
    return this.scanner.errorAt(
      lines.reduce((offset, text) => offset + text.length + 1, column - 1),
      message,
    );
  }

  /** `loc(...)` is read and dropped: locations are those in this text. */
  skipLocation(): void {
    if (this.scanner.accept("loc")) balancedText(this.scanner, "(");
  }

  #region(options: RegionOptions): Region {
    const region = new Region();
    this.scope.enterRegion({ isIsolated: options.isIsolated ?? false });
    this.scanner.expect("{");
    this.#entryBlock(region, options);
    while (this.scanner.peek().kind === "block") this.#labelledBlock(region);
    this.scanner.expect("}");
    const last = region.blocks.at(-1);
    const lastOp = last?.ops.at(-1);
    const isOpen = options.terminator !== undefined && !(lastOp && this.#options.isTerminator(lastOp));
    if (isOpen) (last ?? region.entry).append(new Operation(options.terminator ?? ""));
    this.scope.leaveRegion();
    return region;
  }

  #entryBlock(region: Region, { args = [] }: RegionOptions): void {
    const first = this.scanner.peek();
    if (first.kind === "block" && args.length === 0) {
      this.#labelledBlock(region);
      return;
    }
    if (first.text === "}" && args.length === 0) return;
    const block = region.addBlock();
    for (const { use, type } of args) this.scope.define(use, block.addArg(type, use.name));
    this.#operations(block);
  }

  #labelledBlock(region: Region): void {
    const label = this.scanner.take();
    const block = this.scope.defineBlock(label.text.slice(1), label.start, region);
    if (this.scanner.accept("(")) {
      if (!this.scanner.accept(")")) {
        for (const { use, type } of this.list(() => this.argument())) {
          this.scope.define(use, block.addArg(type, use.name));
        }
        this.scanner.expect(")");
      }
    }
    this.scanner.expect(":");
    this.#operations(block);
  }

  #operations(block: Block): void {
    for (;;) {
      const token: Token = this.scanner.peek();
      if (token.text === "}" || token.kind === "block") return;
      block.append(this.#options.parseOperation(this));
    }
  }
}
