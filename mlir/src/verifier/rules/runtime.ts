import { lockMaxValue, tileModels } from "../../device-model/tile-model.ts";
import type { Operation } from "../../ir/operation.ts";
import type { Check } from "../check.ts";
import { kindOf } from "../tiles.ts";

/** aiex.npu.dma_wait: a name that the device defines. */
export function verifyDmaWait(op: Operation, check: Check): void {
  const name = op.text("symbol") ?? "";
  if (!check.symbol(name)) {
    check.error("couldn't find symbol in parent device", { hint: `nothing is called @${name}` });
  }
}

/** aiex.npu.push_queue: a BD of the tile, a repeat count of 8 bits. */
export function verifyPushQueue(op: Operation, check: Check): void {
  const bd = op.int("bd_id") ?? 0;
  const { bds } = tileLimits(op, check).dma;
  if (bd > bds) check.error("BD ID exceeds the maximum ID.", { hint: `the tile has BDs 0..${bds - 1}` });
  else if (bd === bds) check.warning(`BD ${bd} is not there: the tile has BDs 0..${bds - 1}`);
  const repeats = op.int("repeat_count") ?? 0;
  if (repeats < 0 || repeats > 255) check.error("Repeat count exceeds the [0:255] range.");
}

/** aiex.npu.writebd: fields within their widths. */
export function verifyWriteBd(op: Operation, check: Check): void {
  const { bds, strideMaxWords } = tileLimits(op, check).dma;
  const field = (name: string): number => op.int(name) ?? 0;
  if (field("bd_id") >= bds) check.error("BD ID exceeds the maximum ID.");
  if (field("packet_id") > 31) check.error("Packet ID exceeds the maximum supported by 5 bits.");
  if (field("packet_type") > 7) check.error("Packet Type exceeds the maximum supported by 3 bits.");
  for (const dim of ["d0", "d1"]) {
    if (field(`${dim}_size`) > 1023) check.error(`${dim.toUpperCase()} Size exceeds the [0:1023] range.`);
  }
  for (const dim of ["d0", "d1", "d2"]) {
    const max = strideMaxWords - 1;
    if (field(`${dim}_stride`) > max) check.error(`${dim.toUpperCase()} Stride exceeds the [0:${max}] range.`);
  }
  if (field("iteration_size") > 63) check.error("Iteration Size exceeds the [0:63] range.");
  if (kindAt(op, check) !== "shim") return;
  if (field("d2_size") !== 0) check.error("ShimTile only supports 3 dimensions of sizes.");
  const pads = [...op.attributes.keys()].filter((name) => name.includes("_zero_"));
  if (pads.some((name) => field(name) !== 0)) check.error("ShimTile doesn't support zero padding.");
}

/** aiex.set_lock: a value that a lock can hold. */
export function verifySetLock(op: Operation, check: Check): void {
  const value = op.int("value") ?? 0;
  if (value < 0 || value > lockMaxValue) check.error(`Lock value exceeds the maximum value of ${lockMaxValue}`);
}

/** aiex.configure: a device of the module. */
export function verifyConfigure(op: Operation, check: Check): void {
  const name = op.text("symbol") ?? "";
  if (!check.deviceNamed(name)) check.error(`No such device: '@${name}'`);
}

/** aiex.run: a sequence of the configured device, with arguments it takes. */
export function verifyRun(op: Operation, check: Check): void {
  const configure = op.parentOp;
  if (configure?.name !== "aiex.configure") {
    check.error("expects parent op 'aiex.configure'");
    return;
  }
  const name = op.text("runtime_sequence_symbol") ?? "";
  const device = check.deviceNamed(configure.text("symbol") ?? "");
  const ops = device?.regions[0]?.blocks.flatMap((block) => block.ops) ?? [];
  const sequence = ops.find(
    (inner) => inner.name === "aie.runtime_sequence" && (inner.text("sym_name") ?? "sequence") === name,
  );
  if (!device) return;
  if (!sequence) {
    check.error(`No such runtime sequence for device '${configure.text("symbol")}': '@${name}'`);
    return;
  }
  const count = sequence.regions[0]?.blocks[0]?.args.length ?? 0;
  if (count !== op.operands.length) {
    check.error("argument count mismatch", { hint: `@${name} takes ${count}, ${op.operands.length} are given` });
  }
}

function tileLimits(op: Operation, check: Check) {
  return tileModels[kindAt(op, check) ?? "shim"];
}

function kindAt(op: Operation, { device }: Check) {
  const col = op.int("column");
  const row = op.int("row");
  return col === undefined || row === undefined ? undefined : kindOf(device, { col, row });
}
