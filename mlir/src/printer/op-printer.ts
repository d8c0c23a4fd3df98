import type { Attribute } from "../ir/attributes.ts";
import type { Block, Operation, Region, Successor, Value } from "../ir/operation.ts";
import { dictionaryText, functionTypeText, typeList, typeText } from "./attributes.ts";
import type { Names } from "./names.ts";

interface RegionStyle {
  /** The operation's own syntax names the arguments of the entry block. */
  readonly hidesArgs?: boolean;
  /** The last operation goes without saying when it has no operands. */
  readonly hidesTerminator?: boolean;
}

interface PrinterOptions {
  readonly names: Names;
  readonly printOperation: (printer: OpPrinter, op: Operation) => void;
  readonly attributeText: (attribute: Attribute, op: Operation, name: string) => string;
}

/** What assembly is written with. Text is collected; `text` returns it. */
export class OpPrinter {
  readonly names: Names;
  readonly #options: PrinterOptions;
  readonly #parts: string[] = [];
  #indent = 0;

  constructor(options: PrinterOptions) {
    this.names = options.names;
    this.#options = options;
  }

  write(text: string): void {
    this.#parts.push(text);
  }

  /** Spaces before an operation at this depth. */
  indent(): string {
    return " ".repeat(this.#indent);
  }

  text(): string {
    return this.#parts.join("");
  }

  value(value: Value): string {
    return this.names.value(value);
  }

  values(values: readonly Value[]): string {
    return values.map((value) => this.value(value)).join(", ");
  }

  /** ` {a = 1 : i32}` without the attributes in `elided`; nothing when none is left. */
  attributeDict(op: Operation, elided: ReadonlySet<string>, prefix: "" | " attributes" = ""): void {
    const entries = [...op.attributes].filter(([name]) => !elided.has(name));
    if (entries.length === 0) return;
    const text = dictionaryText(entries, (attribute, name) => this.#options.attributeText(attribute, op, name));
    this.write(`${prefix} ${text}`);
  }

  /** `(types) -> types` of two lists of values. */
  functionType(operands: readonly Value[], results: readonly Value[]): string {
    return functionTypeText(
      operands.map((value) => value.type),
      results.map((value) => value.type),
    );
  }

  /** `^bb1` or `^bb1(%a : index)`. */
  successor({ block, args }: Successor): string {
    const name = this.names.block(block);
    if (args.length === 0) return name;
    return `${name}(${this.values(args)} : ${typeList(args.map((arg) => arg.type))})`;
  }

  /** `{`, the blocks one level deeper, `}`. */
  region(region: Region | undefined, style: RegionStyle = {}): void {
    this.write("{\n");
    this.#indent += 2;
    for (const [i, block] of (region?.blocks ?? []).entries()) {
      if (i > 0 || (block.args.length > 0 && !style.hidesArgs)) this.#header(block);
      this.#block(block, style.hidesTerminator ?? false);
    }
    this.#indent -= 2;
    this.write(`${" ".repeat(this.#indent)}}`);
  }

  operation(op: Operation): void {
    this.write(" ".repeat(this.#indent));
    const [first] = op.results;
    if (first) {
      const count = op.results.length > 1 ? `:${op.results.length}` : "";
      this.write(`${this.value(first).replace(/#0$/, "")}${count} = `);
    }
    this.#options.printOperation(this, op);
    this.write("\n");
  }

  #block(block: Block, hidesTerminator: boolean): void {
    const last = block.ops.at(-1);
    const hidden = hidesTerminator && last?.operands.length === 0 && last.attributes.size === 0 ? last : undefined;
    for (const op of block.ops) if (op !== hidden) this.operation(op);
  }

  /** `^bb1(%0: index):  // 2 preds: ^bb0, ^bb4`, two columns left of the operations. */
  #header(block: Block): void {
    const args = block.args.map((arg) => `${this.value(arg)}: ${typeText(arg.type)}`);
    const signature = args.length > 0 ? `(${args.join(", ")})` : "";
    const comment = predecessorComment(block, this.names);
    this.write(`${" ".repeat(this.#indent - 2)}${this.names.block(block)}${signature}:${comment}\n`);
  }
}

function predecessorComment(block: Block, names: Names): string {
  const blocks = block.parent?.blocks ?? [];
  const predecessors = blocks.flatMap((from) =>
    (from.ops.at(-1)?.successors ?? []).filter((successor) => successor.block === block).map(() => names.block(from)),
  );
  if (predecessors.length === 1) return `  // pred: ${predecessors[0]}`;
  if (predecessors.length > 1) return `  // ${predecessors.length} preds: ${predecessors.join(", ")}`;
  return block === blocks[0] ? "" : "  // no predecessors";
}
