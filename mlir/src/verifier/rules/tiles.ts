import { lockMaxValue } from "../../device-model/tile-model.ts";
import type { Operation } from "../../ir/operation.ts";
import type { Check } from "../check.ts";
import { elementBits } from "../element-bits.ts";
import { enclosing } from "../surroundings.ts";
import { homeTile, kindOf, limitsOf, reaches, sameTile, tileOf } from "../tiles.ts";
import { versalDevice } from "../versal-devices.ts";

/** aie.device: npu1 and npu2 are modelled; what is said about others is only what holds for all. */
export function verifyDevice(op: Operation, check: Check): void {
  const versal = versalDevice(op.text("device"));
  if (!versal) return;
  const hint = "it is read, checked and printed, and refused by what lowers or simulates designs";
  check.warning(`device not supported: ${versal.model.name} is not one of npu1 and npu2`, { hint });
}

/** aie.logical_tile: a kind of tile that the device has, in a column and row that it has, as far as they are given. */
export function verifyLogicalTile(op: Operation, check: Check): void {
  const { device } = check;
  if (!device) return;
  checkInside(op.int("col"), op.int("row"), device, check);
  if (op.text("tile_type") === "ShimPLTile" && !versalDevice(device.name)) {
    check.error("tile type 'ShimPLTile' does not exist on the target device");
  }
}

function checkInside(col: number | undefined, row: number | undefined, device: Extent, check: Check): void {
  for (const [what, at, count] of [
    ["column", col, device.columns],
    ["row", row, device.rows],
  ] as const) {
    if (at === undefined || at < count) continue;
    check.error(`${what} index (${at}) must be less than the number of ${what}s in the device (${count})`);
  }
}

interface Extent {
  readonly columns: number;
  readonly rows: number;
}

/** aie.tile: inside the device, one switchbox, one core, one DMA program. */
export function verifyTile(op: Operation, check: Check): void {
  const device = check.device ?? versalDevice(enclosing(op, "aie.device")?.text("device"))?.model;
  const tile = tileOf(op.results[0]);
  if (!device || !tile) return;
  checkInside(tile.col, tile.row, device, check);
  const users = check.users(op.results[0]);
  if (users.filter((user) => user.name === "aie.switchbox").length > 1) check.error("can only have one switchbox");
  if (tile.row === 0 && op.attributes.has("allocation_scheme"))
    check.error("Shim tiles cannot have an allocation scheme");
  for (const name of ["aie.core", "aie.mem", "aie.memtile_dma", "aie.shim_dma"]) {
    const [, second] = users.filter((user) => user.name === name);
    if (second) check.warning(`a second ${name} stands on tile (${tile.col}, ${tile.row})`, { at: second });
  }
  const twin = op.parent?.ops.find((other) => other.name === "aie.tile" && sameTile(tileOf(other.results[0]), tile));
  if (twin && twin !== op) check.warning(`tile (${tile.col}, ${tile.row}) is declared twice`);
}

/** aie.buffer: on a tile with memory, of a static shape, used by tiles that reach it. */
export function verifyBuffer(op: Operation, check: Check): void {
  const home = homeTile(op);
  const limits = limitsOf(check, home);
  if (!check.device || !home || !limits) return;
  if (limits.dataBytes === 0) {
    check.error("failed to verify that op exists in a tile with local memory");
    return;
  }
  const [value] = op.results;
  if (value?.type.kind === "memref" && value.type.shape.includes(null)) check.error("should have static shape");
  const initial = op.attributes.get("initial_value");
  if (initial?.kind === "dense" && value?.type.kind === "memref" && `${initial.type.shape}` !== `${value.type.shape}`) {
    check.error("initial value has another shape than the buffer", {
      hint: `${initial.type.shape.join("x")} for ${value.type.shape.join("x")}`,
    });
  }
  checkUsers(op, check);
  warnOfOverlap(op, check);
}

/** Cores, DMA programs and DMA tasks use buffers and locks that their tile reaches. */
function checkUsers(op: Operation, check: Check): void {
  const home = homeTile(op);
  if (!check.device || !home) return;
  for (const user of check.users(op.results[0])) {
    if (user.parentOp?.name === "aie.device" || isUnchecked(user)) continue;
    const element = elementAround(user);
    // The tile of a chain that is started comes after the chain's arguments.
    const from = element?.name === "aiex.dma_start_bd_chain" ? tileOf(element.operands.at(-1)) : homeTile(element);
    if (!element) {
      check.error("is accessed outside of a tile", { hint: `by ${user.name}`, at: user });
      return;
    }
    if (!from || sameTile(from, home) || reaches(check.device, from, home)) continue;
    const where = `in Column ${home.col} and Row ${home.row} is accessed from an unreachable tile`;
    check.error(`${where} in Column ${from.col} and Row ${from.row}`, {
      hint: "a core reaches its own memory and that of its western, northern and southern neighbour",
    });
    return;
  }
}

/** A BD chain belongs to no tile until a task starts it; locks are set from anywhere. */
function isUnchecked(user: Operation): boolean {
  return user.name === "aiex.set_lock" || enclosing(user, "aie.bd_chain") !== undefined;
}

const elements = new Set([
  ...["aie.core", "aie.mem", "aie.memtile_dma", "aie.shim_dma"],
  ...["aiex.dma_configure_task", "aiex.dma_start_bd_chain"],
]);

/** The innermost operation of a tile that `op` is or stands in. */
function elementAround(op: Operation): Operation | undefined {
  let at: Operation | undefined = op;
  while (at && !elements.has(at.name)) at = at.parentOp;
  return at;
}

function warnOfOverlap(op: Operation, check: Check): void {
  const range = addressRange(op);
  if (!range) return;
  for (const other of check.users(op.operands[0])) {
    const theirs = other === op || other.name !== "aie.buffer" ? undefined : addressRange(other);
    if (theirs && range.start < theirs.end && theirs.start < range.end && theirs.start <= range.start) {
      check.warning(`its addresses ${range.start}..${range.end - 1} are also those of '${other.text("sym_name")}'`);
    }
  }
}

function addressRange(op: Operation): { start: number; end: number } | undefined {
  const start = op.int("address");
  const type = op.results[0]?.type;
  if (start === undefined || type?.kind !== "memref" || type.shape.includes(null)) return undefined;
  const bits = elementBits(type);
  if (bits === undefined) return undefined;
  return { start, end: start + (type.shape.reduce<number>((n, size) => n * (size ?? 1), 1) * bits) / 8 };
}

/** aie.lock: an id and an initial value that the tile has, used by tiles that reach it. */
export function verifyLock(op: Operation, check: Check): void {
  checkUsers(op, check);
  const limits = limitsOf(check, homeTile(op));
  const id = op.int("lockID");
  const init = op.int("init");
  if (limits && id !== undefined && id >= limits.locks) {
    check.error(`lock assigned invalid id (maximum is ${limits.locks - 1})`);
  }
  if (init !== undefined && (init < 0 || init > lockMaxValue)) {
    check.warning(`initial value ${init} is not in 0..${lockMaxValue}, what a lock can hold`);
  }
}

/** aie.use_lock: in a program, and in a DMA of a compute tile only on locks of that tile. */
export function verifyUseLock(op: Operation, check: Check): void {
  const program = programAround(op) ?? enclosing(op, "func.func") ?? enclosing(op, "aiex.dma_configure_task");
  if (!program) {
    const isLoose = ["aie.device", "builtin.module"].includes(op.parentOp?.name ?? "");
    const parents = "AIE::device, AIE::core, func::func, AIE::mem, AIE::shimDMA, or AIEX::dma_configure_task";
    if (isLoose) check.error("must be used in a core or memory operation.");
    else check.error(`expects some parent op to be one of ${parents}`);
    return;
  }
  const lock = op.operands[0]?.definingOp;
  if (program.name === "aie.mem" && lock?.name === "aie.lock" && !sameTile(homeTile(lock), homeTile(program))) {
    check.error("can only access a lock in the same tile");
  }
  const value = op.int("value");
  if (value !== undefined && (value < 0 || value > lockMaxValue)) {
    check.warning(`value ${value} is not in 0..${lockMaxValue}, what a lock can hold`);
  }
}

/** aie.core: on a compute tile; empty when its program comes from an ELF file. */
export function verifyCore(op: Operation, check: Check): void {
  const kind = kindOf(check.device, homeTile(op));
  if (kind !== undefined && kind !== "computeTile") {
    check.error("failed to verify that op exists in a core tile", {
      hint: `its tile is a ${kind}: cores stand on compute tiles, row 2 and up`,
    });
  }
  const ops = op.regions[0]?.blocks.flatMap((block) => block.ops) ?? [];
  if (ops.length === 0) check.error("should have non-empty body");
  if (op.attributes.has("elf_file") && !(ops.length === 1 && ops[0]?.name === "aie.end")) {
    const rule = "core body must be empty (consist of exactly one `aie.end` op).";
    check.error(`When \`elf_file\` attribute is specified, ${rule}`);
  }
  if (op.attributes.has("link_with") && op.attributes.has("link_files")) {
    check.error("cannot specify both 'link_with' (deprecated) and 'link_files' on the same core");
  }
}

/** aie.cascade_flow: between neighbouring compute tiles. */
export function verifyCascadeFlow(op: Operation, check: Check): void {
  const [from, to] = op.operands.map((value) => tileOf(value));
  if (!from || !to) return;
  for (const [kind, row] of [
    ["shim", "shimTile"],
    ["memtile", "memTile"],
  ]) {
    if ([from, to].some((tile) => kindOf(check.device, tile) === kind)) {
      check.error(`${row} row has no cascade stream interface`);
      return;
    }
  }
  if (Math.abs(from.col - to.col) + Math.abs(from.row - to.row) !== 1) check.error("tiles must be adjacent");
}

/** aie.configure_cascade: in from the north or west, out to the south or east. */
export function verifyConfigureCascade(op: Operation, check: Check): void {
  const kind = kindOf(check.device, homeTile(op));
  if (kind === "shim") check.error("shimTile row has no cascade stream interface");
  if (kind === "memtile") check.error("memTile row has no cascade stream interface");
  if (!["North", "West"].includes(op.text("inputDir") ?? "")) {
    check.error("input direction of cascade must be North or West on AIE2");
  }
  if (!["South", "East"].includes(op.text("outputDir") ?? "")) {
    check.error("output direction of cascade must be South or East on AIE2");
  }
}

/** Bits that one cascade transfer moves. Source: AIETargetModel getAccumulatorCascadeSize, AIE2 and AIE2P. */
const cascadeBits = 512;

/** aie.put_cascade, aie.get_cascade: exactly one cascade word. */
export function verifyCascadeValue(op: Operation, check: Check): void {
  const type = (op.operands[0] ?? op.results[0])?.type;
  const element = type?.kind === "vector" ? type.element : type;
  const lanes = type?.kind === "vector" ? type.shape.reduce((n, size) => n * size, 1) : 1;
  const width =
    element?.kind === "integer" ? element.width : element?.kind === "float" ? Number(element.name.slice(-2)) : 0;
  if (!check.device || lanes * width === cascadeBits) return;
  if (op.name === "aie.get_cascade") check.error(`must be a ${cascadeBits}-bit type`);
  else check.error(`type must match architecture cascade width (${cascadeBits} bits in AIE2)`);
}

/** aie.shim_dma_allocation: on a shim tile. */
export function verifyShimAllocation(op: Operation, check: Check): void {
  const tile = homeTile(op);
  const kind = kindOf(check.device, tile);
  if (tile && kind !== undefined && kind !== "shim") {
    check.error(`tile must be a shim tile, but got tile(${tile.col}, ${tile.row})`);
  }
}

/** The core or DMA program that `op` stands in. */
export function programAround(op: Operation): Operation | undefined {
  let outer = op.parentOp;
  while (outer && !programs.has(outer.name)) outer = outer.parentOp;
  return outer;
}

const programs = new Set(["aie.core", "aie.mem", "aie.memtile_dma", "aie.shim_dma"]);
