import { bdFieldMax, overflowText } from "../../device-model/bd-limits.ts";
import { lockMaxValue, type TileKind, tileModels } from "../../device-model/tile-model.ts";
import type { Operation } from "../../ir/operation.ts";
import { memrefElements, sameType } from "../../ir/types.ts";
import { typeText } from "../../printer/attributes.ts";
import type { Check } from "../check.ts";
import { elementBits } from "../element-bits.ts";
import { enclosing } from "../surroundings.ts";
import { kindOf, tileOf } from "../tiles.ts";
import { checkBurst } from "./bursts.ts";

/** aiex.npu.dma_wait: a name that the device defines. */
export function verifyDmaWait(op: Operation, check: Check): void {
  const name = op.text("symbol") ?? "";
  const target = check.symbol(name);
  if (!target) check.error("couldn't find symbol in parent device", { hint: `nothing is called @${name}` });
  else expectShimEnd(target, check);
}

/** The host's transfers and waits are those of channels of shim tiles: a fifo within the array has none. */
export function expectShimEnd(fifo: Operation, check: Check): void {
  if (fifo.name !== "aie.objectfifo") return;
  const places = fifo.operands.map((end) => tileOf(end));
  if (places.some((place) => place === undefined || kindOf(check.device, place) === "shim")) return;
  const ends = places.map((place) => `(${place?.col},${place?.row})`);
  check.error(`@${fifo.text("sym_name")} does not end on a shim tile: couldn't find shim_dma_allocation op`, {
    hint: `it leads from tile ${ends[0]} to ${ends.slice(1).join(", ")}: name the objectFifo that the host sends or receives by`,
  });
}

/** aiex.npu.rtp_write, write32, maskwrite32 and blockwrite: words of the buffer, where they name one that is there. */
export function warnOfBufferWrite(op: Operation, check: Check): void {
  const name = op.text("buffer") ?? "";
  const type = check.symbol(name)?.results[0]?.type;
  const bits = type?.kind === "memref" ? elementBits(type) : undefined;
  const elements = type?.kind === "memref" ? memrefElements(type) : null;
  if (bits === undefined || elements === null) return;
  const words = Math.floor((elements * bits) / 32);
  const first = op.int("index") ?? op.int("address") ?? 0;
  const data = op.operands[0]?.type;
  const last = first + (data?.kind === "memref" ? (memrefElements(data) ?? 1) : 1) - 1;
  if (last < words) return;
  const which = last === first ? `word ${first}` : `words ${first}..${last}`;
  check.warning(`writes ${which} of @${name}, which has ${words}: it goes to what lies behind the buffer`, {
    hint: `places count 32-bit words: 0..${words - 1}, or a larger buffer`,
    beyondLimit: true,
  });
}

/** aiex.npu.push_queue: a BD of the tile, a repeat count of 8 bits. */
export function verifyPushQueue(op: Operation, check: Check): void {
  const bd = op.int("bd_id") ?? 0;
  const { bds } = tileLimits(op, check).dma;
  if (bd > bds) check.error("BD ID exceeds the maximum ID.", { hint: `the tile has BDs 0..${bds - 1}` });
  else if (bd === bds) check.warning(`BD ${bd} is not there: the tile has BDs 0..${bds - 1}`, { beyondLimit: true });
  const repeats = op.int("repeat_count") ?? 0;
  if (repeats < 0 || repeats > 255) check.error("Repeat count exceeds the [0:255] range.");
}

/** The tool checks every tile's BD against the fields of a shim's. Source: AIEXDialect, NpuWriteBdOp::verify. */
const { wrapMax, strideMaxWords } = tileModels.shim.dma;

/** aiex.npu.writebd: fields within their widths. */
export function verifyWriteBd(op: Operation, check: Check): void {
  const { bds } = tileLimits(op, check).dma;
  const field = (name: string): number => op.int(name) ?? 0;
  if (field("bd_id") > bds) check.error("BD ID exceeds the maximum ID.");
  else if (field("bd_id") === bds) {
    check.warning(`BD ${bds} is not there: the tile has BDs 0..${bds - 1}`, { beyondLimit: true });
  }
  if (field("packet_id") > 31) check.error("Packet ID exceeds the maximum supported by 5 bits.");
  if (field("packet_type") > 7) check.error("Packet Type exceeds the maximum supported by 3 bits.");
  const isLinear = field("d0_size") >= 1 && field("d1_size") === 1 && field("iteration_size") === 0;
  if (!isLinear && field("d0_size") > wrapMax) check.error("D0 Size exceeds the [0:1023] range.");
  if (field("d1_size") > wrapMax) check.error("D1 Size exceeds the [0:1023] range.");
  for (const [name, words] of [
    ["d0_stride", "D0"],
    ["d1_stride", "D1"],
    ["d2_stride", "D2"],
    ["iteration_stride", "Iteration"],
  ] as const) {
    if (field(name) >= strideMaxWords) check.error(`${words} Stride exceeds the [0:1M-1] range.`);
  }
  if (field("iteration_size") > 63) check.error("Iteration Size exceeds the [0:63] range.");
  const kind = kindAt(op, check);
  if (kind !== undefined && kind !== "shim" && field("burst_length") !== 0) {
    check.error("Only ShimTiles support burst length.");
  }
  checkBurst(op, check);
  if (kind === "memtile" && field("d2_size") !== 0) {
    check.warning("d2_size is lost: the compiler does not write it, the length ends the transfer");
  }
  if (kind !== undefined) warnOfBdFields(field, kind, check);
  if (kind !== "shim") return;
  if (field("d2_size") !== 0) check.error("ShimTile only supports 3 dimensions of sizes.");
  const pads = [...op.attributes.keys()].filter((name) => name.includes("_zero_"));
  if (pads.some((name) => field(name) !== 0)) check.error("ShimTile doesn't support zero padding.");
}

/** The tool measures every tile's BD by the fields of a shim's: what those of this kind of tile cannot hold. */
function warnOfBdFields(field: (name: string) => number, kind: TileKind, check: Check): void {
  for (const [name, limit] of Object.entries(bdFieldMax(kind))) {
    const value = Math.abs(field(name));
    if (value <= limit || (kind === "shim" && toolChecks.test(name))) continue;
    const hint = name.startsWith("lock_")
      ? `locks count to ${lockMaxValue}, and the tile has ${tileModels[kind].locks}`
      : "use several BDs, or smaller steps";
    check.warning(overflowText(kind, { field: name, value, limit }), { hint, beyondLimit: true });
  }
}

/** Fields that the tool itself holds against a shim's limits. */
const toolChecks = /^(d\d_(size|stride|zero_\w+)|iteration_(size|stride))$/;

/** aiex.set_lock: a value that a lock can hold. */
export function verifySetLock(op: Operation, check: Check): void {
  const value = op.int("value") ?? 0;
  if (value < 0 || value > lockMaxValue) check.error(`Lock value exceeds the maximum value of ${lockMaxValue}`);
}

/** aiex.configure: a device of the module, of the same kind as this one. */
export function verifyConfigure(op: Operation, check: Check): void {
  const name = op.text("symbol") ?? "";
  const device = check.deviceNamed(name);
  const [own, other] = [enclosing(op, "aie.device")?.text("device"), device?.text("device")];
  if (!device) check.error(`${check.symbol(name) ? "Not a device" : "No such device"}: '@${name}'`);
  else if (own !== other) check.error(`Device types do not match: '${own}' vs. '${other}'`);
}

/** aiex.dma_configure_task: its BDs ask for bursts only on a shim tile, and every block is part of the chain. */
export function verifyConfigureTask(op: Operation, check: Check): void {
  const blocks = op.regions[0]?.blocks ?? [];
  const reached = new Set(blocks.flatMap(({ ops }) => ops.flatMap((inner) => inner.successors.map((to) => to.block))));
  for (const [i, block] of blocks.entries()) {
    const last = block.ops.at(-1);
    if (i === 0 || !last || reached.has(block)) continue;
    check.error("Block ending in this terminator does not form a chain with entry block.", { at: last });
  }
  warnOfTaskRepeats(op, check);
}

/** aiex.dma_configure_task_for: the tool does not look whether its blocks form a chain. */
export function warnOfTaskFor(op: Operation, check: Check): void {
  const blocks = op.regions[0]?.blocks ?? [];
  const reached = new Set(blocks.slice(0, 1));
  for (const block of reached) for (const { block: next } of block.ops.at(-1)?.successors ?? []) reached.add(next);
  for (const block of blocks) {
    const bd = block.ops.find(({ name }) => name === "aie.dma_bd");
    if (!bd || reached.has(block)) continue;
    check.warning("no BD of the task leads to this one: it never runs", {
      ...{ at: bd, hint: "aie.next_bd of the BD before it names its block" },
    });
  }
  warnOfTaskRepeats(op, check);
}

/** Tasks on a channel or an allocation: how often they run. */
export function warnOfTaskRepeats(op: Operation, check: Check): void {
  const repeats = op.int("repeat_count") ?? 0;
  const most = tileModels.shim.dma.executionsMax - 1;
  if (repeats <= most) return;
  check.warning(`repeat_count ${repeats} does not fit its field of 8 bits, which holds at most ${most}`, {
    hint: `start ${Math.ceil((repeats + 1) / (most + 1))} tasks that run at most ${most + 1} times each`,
    beyondLimit: true,
  });
}

/** aiex.dma_start_bd_chain: a chain of the device, with the arguments it takes. */
export function verifyStartBdChain(op: Operation, check: Check): void {
  warnOfTaskRepeats(op, check);
  const chain = check.symbol(op.text("symbol") ?? "");
  if (chain?.name !== "aie.bd_chain") {
    check.error("symbol does not reference valid BD chain");
    return;
  }
  const wanted = chain.regions[0]?.blocks[0]?.args ?? [];
  const given = op.operands.slice(0, -1);
  if (wanted.length !== given.length) check.error("Number of arguments mismatches.");
  for (const [i, arg] of wanted.entries()) {
    const type = given[i]?.type;
    if (!type || sameType(arg.type, type)) continue;
    check.error(`Argument ${i + 1} types mismatch: expected '${typeText(arg.type)}' but got '${typeText(type)}'`);
  }
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
  const wanted = sequence.regions[0]?.blocks[0]?.args ?? [];
  if (wanted.length !== op.operands.length) {
    const hint = `@${name} takes ${wanted.length}, ${op.operands.length} are given`;
    check.error("argument count mismatch", { hint });
    return;
  }
  for (const [i, arg] of wanted.entries()) {
    const type = op.operands[i]?.type;
    if (!type || sameType(arg.type, type)) continue;
    check.error(`argument ${i} type mismatch: expected '${typeText(arg.type)}' but got '${typeText(type)}'`);
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
