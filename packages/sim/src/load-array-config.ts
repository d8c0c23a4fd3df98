import { DesignError } from "@aiekit/core";
import { type DeviceModel, deviceModel, type Operation, tileModel, type Value, walk } from "@aiekit/mlir";
import type {
  ArrayConfig,
  BufferConfig,
  CascadeConfig,
  CoreConfig,
  ExternalBufferConfig,
  LockConfig,
  ShimAllocation,
} from "./array-config.ts";
import { readDmaPrograms } from "./config-dma.ts";
import { readFlows } from "./config-flows.ts";
import { at, type TileCoord, tileName } from "./fault.ts";
import { fifoNames } from "./fifo-names.ts";
import { badOp, denseBytes, direction, elementBytes, memoryBytes, needInt, needText, operand } from "./ir-read.ts";

const lowerFirst = "lower the design first: the simulator runs locks, BDs and buffers with addresses, not objectFifos";

export interface ConfigOptions {
  /** Name of the `aie.device` to take. Needed where the module has more than one; a device without a name is `main`. */
  readonly device?: string;
}

/**
 * Reads how a lowered design configures the array. `lowered` is a `builtin.module` with an `aie.device`, or the device.
 * @throws DesignError when something in it is not lowered, or has no meaning in the simulator.
 */
export function loadArrayConfig(lowered: Operation, options: ConfigOptions = {}): ArrayConfig {
  const deviceOp = findDevice(lowered, options.device);
  const device = deviceModel(needText(deviceOp, "device"));
  const ops = deviceOp.regions[0]?.blocks[0]?.ops ?? [];
  const tiles = new Map<Value, TileCoord>();
  const lockOf = new Map<Value, LockConfig>();
  const bufferOf = new Map<Value, BufferConfig>();
  const externalOf = new Map<Value, ExternalBufferConfig>();
  const functions = new Map<string, Operation>();
  const cascades: CascadeConfig[] = [];
  const allocations: ShimAllocation[] = [];
  const cores: CoreConfig[] = [];
  for (const op of ops) {
    if (op.name.startsWith("aie.objectfifo")) throw badOp(op, "is not lowered", lowerFirst);
    if (op.name === "aie.tile") tiles.set(op.result, readTile(op, device));
  }
  const tileOf = (op: Operation): TileCoord => {
    const tile = tiles.get(operand(op, 0));
    if (!tile) throw badOp(op, "expected a tile as its first operand");
    return tile;
  };
  for (const op of ops.flatMap(withDeclared)) {
    if (op.name === "aie.lock") lockOf.set(op.result, readLock(op, tileOf(op)));
    else if (op.name === "aie.buffer") bufferOf.set(op.result, readBuffer(op, tileOf(op), device));
    else if (op.name === "aie.external_buffer") externalOf.set(op.result, readExternal(op, externalOf.size));
    else if (op.name === "aie.configure_cascade") cascades.push(readCascade(op, tileOf(op)));
    else if (op.name === "func.func") functions.set(needText(op, "sym_name"), op);
    else if (op.name === "aie.core") cores.push(readCore(op, tileOf(op), cores));
    else if (op.name === "aie.shim_dma_allocation") {
      const channel = needInt(op, "channel_index");
      allocations.push({ name: needText(op, "sym_name"), tile: tileOf(op), direction: direction(op), channel });
    }
  }
  const config = {
    device,
    tiles: [...tiles.values()],
    locks: [...lockOf.values()],
    buffers: [...bufferOf.values()],
    externals: [...externalOf.values()],
    ...readDmaPrograms(ops, { device, tileOf, lockOf, bufferOf, externalOf }),
    ...readFlows(ops, tiles),
    cascades,
    allocations,
    cores,
    functions,
    lockOf,
    bufferOf,
    loc: deviceOp.loc,
  };
  nameFifos(config);
  return config;
}

const dmaPrograms = new Set(["aie.mem", "aie.memtile_dma", "aie.shim_dma"]);

/** An operation of the device, and before it the locks and buffers that a DMA program declares for itself. */
function withDeclared(op: Operation): readonly Operation[] {
  if (!dmaPrograms.has(op.name)) return [op];
  const inside = op.regions.flatMap((region) => region.blocks.flatMap((block) => block.ops));
  return [...inside.filter(({ name }) => name === "aie.lock" || name === "aie.buffer"), op];
}

/** Which objectFifo buffers and locks are of: known only once the whole design was read. */
function nameFifos(config: ArrayConfig): void {
  const names = fifoNames(config);
  for (const buffer of config.buffers) {
    const fifo = names.ofBuffer(buffer.name);
    if (fifo !== undefined) Object.assign(buffer, { fifo });
  }
  for (const lock of config.locks) {
    const counts = lock.name === undefined ? undefined : names.ofLock(lock.name);
    if (counts !== undefined) Object.assign(lock, { counts });
  }
}

function findDevice(root: Operation, wanted: string | undefined): Operation {
  const devices: Operation[] = [];
  walk(root, (op) => {
    if (op.name === "aie.device") devices.push(op);
  });
  const [device] = devices;
  if (device === undefined) throw new DesignError("lowered design: expected an aie.device, found none");
  const names = devices.map(deviceName).join(", ");
  if (wanted !== undefined) {
    const named = devices.find((op) => deviceName(op) === wanted);
    if (named) return named;
    throw new DesignError(`lowered design: expected a device ${wanted}, found ${names}`);
  }
  if (devices.length === 1) return device;
  throw new DesignError(`lowered design: expected one aie.device, found ${devices.length}: ${names}`, {
    hint: "the array holds one device at a time: say which by its name",
  });
}

const deviceName = (op: Operation): string => op.text("sym_name") ?? "main";

function readTile(op: Operation, device: DeviceModel): TileCoord {
  const tile = { col: needInt(op, "col"), row: needInt(op, "row") };
  tileModel(device, tile.col, tile.row);
  return tile;
}

function readLock(op: Operation, tile: TileCoord): LockConfig {
  return { tile, id: needInt(op, "lockID", lowerFirst), name: op.text("sym_name"), init: op.int("init") ?? 0 };
}

function readBuffer(op: Operation, tile: TileCoord, device: DeviceModel): BufferConfig {
  const bytes = memoryBytes(op, op.result.type);
  const name = op.text("sym_name") ?? op.result.name ?? "buffer without a name";
  const address = needInt(op, "address", lowerFirst);
  const { dataBytes } = tileModel(device, tile.col, tile.row);
  if (address < 0 || address + bytes > dataBytes) {
    const end = `${address}..${address + bytes - 1}`;
    throw badOp(op, `buffer ${name}: bytes ${end} do not lie in the ${dataBytes} bytes of tile ${tileName(tile)}`);
  }
  const value = op.attributes.get("initial_value");
  const initial = value && denseBytes(op, value, bytes);
  return { tile, name, address, bytes, elementBytes: elementBytes(op, op.result.type), initial };
}

function readExternal(op: Operation, serial: number): ExternalBufferConfig {
  const name = op.text("sym_name") ?? `external_${serial}`;
  return { external: true, name, address: 0, bytes: memoryBytes(op, op.result.type) };
}

function readCascade(op: Operation, tile: TileCoord): CascadeConfig {
  const [input, output] = [needText(op, "inputDir"), needText(op, "outputDir")];
  if ((input !== "North" && input !== "West") || (output !== "South" && output !== "East")) {
    throw badOp(op, `expected input North or West and output South or East, got ${input} and ${output}`);
  }
  return { tile, input, output };
}

/** aie-opt verifies and routes a second core on a tile; it is refused where the programs of cores are made. */
function readCore(op: Operation, tile: TileCoord, before: readonly CoreConfig[]): CoreConfig {
  const { col, row } = tile;
  const other = before.find((core) => core.tile.col === col && core.tile.row === row);
  if (other !== undefined) {
    const rule = `a tile has one core, and the compiler names the program of each core_${col}_${row}`;
    throw badOp(op, `${tileName(tile)} has a core already${at(other.op.loc)}`, `${rule}: make one body of both`);
  }
  const elfFile = op.text("elf_file");
  return { tile, op, stackBytes: op.int("stack_size") ?? 1024, ...(elfFile !== undefined && { elfFile }) };
}
