import type { SimFault } from "@aiekit/host";
import { type Operation, walk } from "@aiekit/mlir";

/** A design that may run to its end, and what was changed in it. */
export interface Cure {
  readonly design: Operation;
  readonly says: string;
  /** Only where memory is followed it is told from a design that runs on what nobody wrote. */
  readonly checked?: boolean;
}

const waits = new Set(["aiex.npu.dma_wait", "aiex.npu.sync", "aiex.dma_await_task"]);
const starts = new Set(["aiex.npu.dma_memcpy_nd", "aiex.dma_start_task"]);

/** Where the sequence is in the circle: its wait behind the first start that follows, behind the second, ... */
export function waitCures(
  design: () => Operation,
  { fault, sequence }: { readonly fault: SimFault["fault"]; readonly sequence: string | undefined },
): Cure[] {
  const done = fault.waitsDone;
  if (done === undefined || !fault.waitCycle?.includes("controller")) return [];
  const read = () => {
    const ops = sequenceOps(design(), sequence);
    const wait = ops.filter(({ name }) => waits.has(name))[done];
    const later = wait ? ops.slice(ops.indexOf(wait)).filter(({ name }) => starts.has(name)) : [];
    return { ops, wait, later };
  };
  return read().later.flatMap((_, i) => {
    const copy = read();
    const { wait, later } = copy;
    const [start, after] = [later[i]!, copy.ops[copy.ops.indexOf(later[i]!) + 1]];
    const block = wait?.parent;
    if (!wait || !block) return [];
    block.remove(wait);
    if (after) block.insertBefore(after, wait);
    else block.append(wait);
    const root = rootOf(wait);
    return [{ design: root, says: `the wait for ${servedBy(wait)} moved behind the start of ${servedBy(start)}` }];
  });
}

function rootOf(op: Operation): Operation {
  let root = op;
  for (let above = op.parentOp; above !== undefined; above = above.parentOp) root = above;
  return root;
}

function sequenceOps(design: Operation, wanted: string | undefined): readonly Operation[] {
  const sequences: Operation[] = [];
  walk(design, (op) => {
    if (op.name === "aie.runtime_sequence" && (wanted ?? op.text("sym_name")) === op.text("sym_name"))
      sequences.push(op);
  });
  return sequences[0]?.regions[0]?.blocks[0]?.ops ?? [];
}

/** `@sums (line 31)`: what a wait or a start of a sequence is for. */
function servedBy(op: Operation): string {
  const configured = op.operands[0]?.definingOp;
  const name = op.text("symbol") ?? op.text("metadata") ?? configured?.text("alloc");
  const line = op.loc ? `line ${op.loc.line}` : undefined;
  if (name === undefined) return line ?? op.name;
  return `@${name}${line ? ` (${line})` : ""}`;
}
