import { type Block, type Operation, type Region, type Successor, type Value, walk } from "@aiekit/mlir";
import { type CoreEmitter, valueKind } from "./core-emitter.ts";
import { badOp } from "./ir-read.ts";

/** How the operations of a block are emitted; given by the compiler of the core. */
interface ControlScope {
  readonly emitter: CoreEmitter;
  /** Emits every operation of a block except its terminator. */
  readonly body: (block: Block) => void;
}

/** Emits structured control flow. False when `op` is not of the scf dialect. */
export function emitScf(op: Operation, scope: ControlScope): boolean {
  switch (op.name) {
    case "scf.for":
      emitFor(op, scope);
      return true;
    case "scf.if":
      emitIf(op, scope);
      return true;
    case "scf.while":
      emitWhile(op, scope);
      return true;
    case "scf.index_switch":
      emitIndexSwitch(op, scope);
      return true;
    default:
      return false;
  }
}

/**
 * Emits a region: straight through when it is one block, else as a loop over a block number. `onEnd` emits the terminators
 * that leave the region.
 */
export function emitRegion(region: Region, scope: ControlScope, onEnd: (terminator: Operation) => void): void {
  scope.emitter.region(() => emitBlocks(region, scope, onEnd), region.blocks.length);
}

function emitBlocks(region: Region, scope: ControlScope, onEnd: (terminator: Operation) => void): void {
  const { emitter, body } = scope;
  const [entry, ...more] = region.blocks;
  if (entry === undefined) return;
  if (more.length === 0) {
    body(entry);
    emitter.charge();
    const terminator = entry.ops.at(-1);
    if (terminator) onEnd(terminator);
    return;
  }
  const at = emitter.local();
  const label = `L${at}`;
  const numbers = new Map(region.blocks.map((block, i) => [block, i]));
  emitter.line(`${at} = 0;`);
  emitter.line(`${label}: for (;;) switch (${at}) {`);
  region.blocks.forEach((block, i) => {
    for (const arg of block.args) emitter.variable(arg);
    emitter.line(`case ${i}: {`);
    body(block);
    emitter.cost(1);
    const terminator = block.ops.at(-1);
    if (terminator === undefined) throw badOp(region.parent ?? block.ops[0]!, "a block has no terminator");
    if (!emitBranch(terminator, { emitter, at, label, numbers, from: i })) {
      emitter.charge();
      onEnd(terminator);
      emitter.line(`break ${label};`);
    }
    emitter.line("}");
  });
  emitter.line("}");
}

interface BranchScope {
  readonly emitter: CoreEmitter;
  readonly at: string;
  readonly label: string;
  readonly numbers: ReadonlyMap<Block, number>;
  readonly from: number;
}

function emitBranch(op: Operation, scope: BranchScope): boolean {
  const { emitter } = scope;
  if (op.name === "cf.br") {
    emitter.charge();
    jump(op, op.successors[0], scope);
    return true;
  }
  if (op.name === "cf.cond_br") {
    emitter.charge();
    emitter.line(`if (${emitter.use(op, 0)}) {`);
    jump(op, op.successors[0], scope);
    emitter.line("} else {");
    jump(op, op.successors[1], scope);
    emitter.line("}");
    return true;
  }
  if (op.name === "cf.switch") {
    emitter.charge();
    emitter.line(`switch (${emitter.use(op, 0)}) {`);
    caseValues(op).forEach((value, i) => {
      emitter.line(`case ${valueKind(op, op.operands[0]!.type) === "long" ? `${value}n` : value}: {`);
      jump(op, op.successors[i + 1], scope);
      emitter.line("}");
    });
    emitter.line("default: {");
    jump(op, op.successors[0], scope);
    emitter.line("}");
    emitter.line("}");
    return true;
  }
  return false;
}

function jump(op: Operation, successor: Successor | undefined, scope: BranchScope): void {
  const number = successor && scope.numbers.get(successor.block);
  if (successor === undefined || number === undefined) throw badOp(op, "branches to no block of this region");
  const { emitter } = scope;
  emitter.assign(
    successor.block.args,
    successor.args.map((value) => emitter.expression(value, op)),
  );
  if (number <= scope.from) emitter.backEdge();
  emitter.line(`${scope.at} = ${number}; continue ${scope.label};`);
}

function caseValues(op: Operation): readonly bigint[] {
  const attr = op.attributes.get("case_values") ?? op.attributes.get("cases");
  if (attr === undefined) return [];
  if (attr.kind === "dense-array") return attr.values;
  if (attr.kind === "dense") return attr.values.map((value) => BigInt(value));
  throw badOp(op, "expected a list of case values");
}

function emitFor(op: Operation, scope: ControlScope): void {
  scope.emitter.region(() => emitLoop(op, scope));
  const carried = onlyBlock(op, 0).args.slice(1);
  scope.emitter.assign(
    op.results,
    carried.map((value) => scope.emitter.variable(value)),
  );
}

function emitLoop(op: Operation, scope: ControlScope): void {
  const { emitter, body } = scope;
  const block = onlyBlock(op, 0);
  const [index, ...carried] = block.args;
  if (index === undefined) throw badOp(op, "expected an induction variable");
  const [low, high, step] = [emitter.use(op, 0), emitter.use(op, 1), emitter.use(op, 2)];
  const counter = emitter.local();
  if (isEndless(low, high, step) && !usesValue(block, index)) {
    emitter.endless.add(counter).add(emitter.variable(index));
  }
  emitter.assign(
    carried,
    op.operands.slice(3).map((value) => emitter.expression(value, op)),
  );
  emitter.charge();
  emitter.line(`for (${counter} = ${low}; ${counter} < ${high}; ${counter} += ${step}) {`);
  emitter.line(`${emitter.variable(index)} = ${counter};`);
  body(block);
  emitter.cost(3);
  emitter.assign(carried, yielded(block, emitter));
  emitter.backEdge();
  emitter.line("}");
}

/** Rounds that no array makes in its life. */
const endlessRounds = 1e9;

/** True for a loop that stands for an endless one. Bounds are code: constants are numbers in brackets in it. */
function isEndless(...bounds: readonly [low: string, high: string, step: string]): boolean {
  const [low, high, step] = bounds.map((text) => Number(/^\((\d+)\)$/.exec(text)?.[1]));
  return (high! - low!) / step! > endlessRounds;
}

function usesValue(block: Block, value: Value): boolean {
  let used = false;
  for (const op of block.ops) {
    walk(op, (inner) => {
      if (inner.operands.includes(value) || inner.successors.some(({ args }) => args.includes(value))) used = true;
    });
  }
  return used;
}

function emitIf(op: Operation, scope: ControlScope): void {
  const { emitter } = scope;
  for (const result of op.results) emitter.variable(result);
  emitter.cost(1);
  emitter.charge();
  emitter.line(`if (${emitter.use(op, 0)}) {`);
  yieldInto(op, op.regions[0], scope);
  if ((op.regions[1]?.blocks.length ?? 0) > 0) {
    emitter.line("} else {");
    yieldInto(op, op.regions[1], scope);
  }
  emitter.line("}");
}

function emitIndexSwitch(op: Operation, scope: ControlScope): void {
  const { emitter } = scope;
  for (const result of op.results) emitter.variable(result);
  emitter.cost(1);
  emitter.charge();
  emitter.line(`switch (${emitter.use(op, 0)}) {`);
  caseValues(op).forEach((value, i) => {
    emitter.line(`case ${value}: {`);
    yieldInto(op, op.regions[i + 1], scope);
    emitter.line("break; }");
  });
  emitter.line("default: {");
  yieldInto(op, op.regions[0], scope);
  emitter.line("} }");
}

function emitWhile(op: Operation, scope: ControlScope): void {
  const { emitter, body } = scope;
  const before = onlyBlock(op, 0);
  const after = onlyBlock(op, 1);
  emitter.assign(
    before.args,
    op.operands.map((value) => emitter.expression(value, op)),
  );
  emitter.charge();
  emitter.line("for (;;) {");
  body(before);
  const condition = before.ops.at(-1);
  if (condition?.name !== "scf.condition") throw badOp(op, "expected scf.condition at the end of its first region");
  const passed = condition.operands.slice(1).map((value) => emitter.expression(value, condition));
  emitter.cost(2);
  emitter.charge();
  emitter.line(`if (!(${emitter.use(condition, 0)})) {`);
  emitter.assign(op.results, passed);
  emitter.line("break; }");
  emitter.assign(after.args, passed);
  body(after);
  emitter.assign(before.args, yielded(after, emitter));
  emitter.backEdge();
  emitter.line("}");
}

function yieldInto(op: Operation, region: Region | undefined, scope: ControlScope): void {
  if (region === undefined) throw badOp(op, "expected one more region");
  emitRegion(region, scope, (terminator) => {
    scope.emitter.assign(
      op.results,
      terminator.operands.map((value) => scope.emitter.expression(value, terminator)),
    );
  });
}

function yielded(block: Block, emitter: CoreEmitter): string[] {
  const terminator = block.ops.at(-1);
  if (terminator?.name !== "scf.yield") return [];
  return terminator.operands.map((value: Value) => emitter.expression(value, terminator));
}

function onlyBlock(op: Operation, index: number): Block {
  const blocks = op.regions[index]?.blocks ?? [];
  if (blocks.length !== 1) throw badOp(op, `expected one block in region ${index}, found ${blocks.length}`);
  return blocks[0]!;
}
