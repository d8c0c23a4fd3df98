import { DesignError } from "@aiekit/core";
import { type DeviceModel, deviceModel, tileKind } from "../device-model/device-model.ts";
import { packetSwitch, switchPorts } from "../device-model/ports.ts";
import { lockMaxValue, tileModels } from "../device-model/tile-model.ts";
import { Block, type Operation, Region, type Value } from "../ir/operation.ts";
import { type MemRefType, memrefBytes, type Type } from "../ir/types.ts";
import * as aie from "./aie-ops.ts";
import { CoreBuilder } from "./core-builder.ts";
import { denseValues } from "./dense-values.ts";
import type {
  BufferOptions,
  CoreOptions,
  FifoOptions,
  LinkOptions,
  LockOptions,
  PortOptions,
  SequenceOptions,
  ShimChannelOptions,
} from "./design-options.ts";
import { DmaBuilder } from "./dma-builder.ts";
import * as fabric from "./fabric-ops.ts";
import { checkFifo, checkLink } from "./fifo-checks.ts";
import type { BufferHandle, FifoHandle, KernelHandle, LockHandle, ShimChannelHandle, TileHandle } from "./handles.ts";
import { sequenceOp } from "./npu-ops.ts";
import { SequenceBuilder } from "./sequence-builder.ts";

/**
 * Writes a design in the order of its parts: types, kernels, tiles and objectFifos, core bodies, runtime sequences.
 * Every method checks what it is given and throws `DesignError`, so a mistake is reported where it was made.
 */
export class DesignBuilder {
  readonly device: DeviceModel;
  readonly #body = new Region();
  readonly #symbols = new Set<string>();
  readonly #tiles = new Map<string, TileHandle>();
  readonly #cores = new Set<TileHandle>();
  readonly #programs = new Set<TileHandle>();
  #lastTile: Operation | undefined;

  /** @throws UsageError when no device has this name. */
  constructor(device: string) {
    this.device = deviceModel(device);
  }

  /** An external C function. Parameters are memrefs (pointers in C) and scalars. `object` is the file that has it. */
  kernel(name: string, params: readonly Type[], options: { readonly object: string }): KernelHandle {
    this.#claim(name);
    const op = aie.kernelOp(name, { kind: "function", inputs: params, results: [] }, options.object);
    this.#body.entry.append(op);
    return { name, params };
  }

  /**
   * The tile at (col,row); asking twice gives the same one. `allocationScheme` says how its buffers get addresses:
   * `bank-aware` spreads them over the banks, `basic-sequential` packs them and leaves one run for a kernel's tables.
   */
  tile(
    col: number,
    row: number,
    options: { readonly allocationScheme?: "bank-aware" | "basic-sequential" } = {},
  ): TileHandle {
    const known = this.#tiles.get(`${col},${row}`);
    if (known) return known;
    const kind = tileKind(this.device, col, row);
    if (kind === undefined) {
      throw new DesignError(
        `tile (${col},${row}) is not on ${this.device.name}: columns 0..${this.device.columns - 1}, rows 0..${this.device.rows - 1}`,
      );
    }
    if (kind === "shim" && options.allocationScheme !== undefined) {
      throw new DesignError(`tile (${col},${row}): a shim tile has no memory, so no allocation scheme`);
    }
    const op = aie.tileOp({ col, row, allocationScheme: options.allocationScheme });
    const handle: TileHandle = { col, row, kind, value: op.result };
    this.#insertTile(op);
    this.#tiles.set(`${col},${row}`, handle);
    return handle;
  }

  /** A synchronised queue of objects from one tile to one or several. */
  objectFifo(options: FifoOptions): FifoHandle {
    checkFifo(options);
    const { name, producer, consumers, depth, element, stream, synchronised, initialValues, allocateOn } = options;
    this.#claim(name);
    this.#body.entry.append(
      aie.objectFifoOp({
        ...options,
        producer: producer.value,
        consumers: consumers.map((c) => c.value),
        isUnsynchronised: synchronised === false,
        initialValues: initialValues?.map((values) =>
          denseValues(element, values, { of: `objectFifo @${name}`, as: "memref" }),
        ),
        streamEnds: stream && streamEnds[stream.end],
        streamPort: stream && 0,
      }),
    );
    if (allocateOn) this.#body.entry.append(fabric.allocateOp(name, allocateOn.value));
    return { name, producer, consumers, depths: typeof depth === "number" ? [depth] : depth, element };
  }

  /** Joins objectFifos at the tile they share, without a core: forward, distribute (one to many) or join (many to one). */
  link(options: LinkOptions): void {
    checkLink(options);
    const { inputs, outputs } = options;
    const names = (fifos: readonly FifoHandle[]) => fifos.map((f) => f.name);
    this.#body.entry.append(
      aie.linkOp({
        inputs: names(inputs),
        outputs: names(outputs),
        ...(options.sourceOffsets && { sourceOffsets: options.sourceOffsets }),
        ...(options.destOffsets && { destOffsets: options.destOffsets }),
      }),
    );
  }

  /** Memory of a memtile or compute tile. A sequence writes run-time parameters into such a buffer by its name. */
  buffer(options: BufferOptions): BufferHandle {
    const { tile, name, type, address, bank, initialValues } = options;
    const model = tileModels[tile.kind];
    const bytes = memrefBytes(type);
    if (tile.kind === "shim") throw new DesignError(`buffer @${name}: a shim tile has no memory`);
    if ((address ?? 0) < 0 || (address ?? 0) + bytes > model.dataBytes) {
      throw new DesignError(
        `buffer @${name}: ${bytes} B from ${address ?? 0} on: tile (${tile.col},${tile.row}) has ${model.dataBytes} B`,
      );
    }
    if (bank !== undefined && !(Number.isInteger(bank) && bank >= 0 && bank < model.banks)) {
      throw new DesignError(`buffer @${name}: expected a bank 0..${model.banks - 1}, got ${bank}`);
    }
    this.#claim(name);
    const initialValue =
      initialValues === undefined
        ? undefined
        : denseValues(type, initialValues, { of: `buffer @${name}`, as: "tensor" });
    const op = aie.bufferOp({ tile: tile.value, name, type, address, bank, initialValue });
    this.#body.entry.append(op);
    return { name, tile, type, value: op.result };
  }

  /** A counting lock of a tile. */
  lock(options: LockOptions): LockHandle {
    const { tile, name, init, id } = options;
    const { locks } = tileModels[tile.kind];
    if (!Number.isInteger(init) || init < 0 || init > lockMaxValue) {
      throw new DesignError(`lock @${name}: expected init 0..${lockMaxValue}, got ${init}`);
    }
    if (id !== undefined && !(Number.isInteger(id) && id >= 0 && id < locks)) {
      throw new DesignError(
        `lock @${name}: expected an id 0..${locks - 1} on tile (${tile.col},${tile.row}), got ${id}`,
      );
    }
    this.#claim(name);
    const op = aie.lockOp({ tile: tile.value, name, init, id });
    this.#body.entry.append(op);
    return { name, tile, value: op.result };
  }

  /** A way of data from a port to another. Several flows from one port are a broadcast. */
  flow(from: PortOptions, to: PortOptions): void {
    this.#expectPort(from, "slaves");
    this.#expectPort(to, "masters");
    this.#body.entry.append(
      aie.flowOp({
        source: from.tile.value,
        sourceBundle: from.bundle,
        sourceChannel: from.channel,
        dest: to.tile.value,
        destBundle: to.bundle,
        destChannel: to.channel,
      }),
    );
  }

  /** A way of packets with this id, 0..31, from a port to one or several. Flows may share ports and wires. */
  packetFlow(options: fabric.PacketFlowOptions<PortOptions>): void {
    const { id, from, to } = options;
    if (!Number.isInteger(id) || id < 0 || id > packetSwitch.idMax) {
      throw new DesignError(`packetFlow: expected an id 0..${packetSwitch.idMax}, got ${id}`);
    }
    if (to.length === 0) throw new DesignError(`packetFlow ${id}: expected at least one destination`);
    this.#expectPort(from, "slaves");
    for (const port of to) this.#expectPort(port, "masters");
    const portOf = ({ tile, bundle, channel }: PortOptions) => ({ tile: tile.value, bundle, channel });
    this.#body.entry.append(fabric.packetFlowOp({ ...options, from: portOf(from), to: to.map(portOf) }));
  }

  /** 512 bits a cycle from a core to the one on its south or its east. */
  cascade(from: TileHandle, to: TileHandle): void {
    const isSouth = from.col === to.col && from.row === to.row + 1;
    const isEast = from.row === to.row && from.col === to.col - 1;
    if (!(isSouth || isEast) || from.kind !== "computeTile" || to.kind !== "computeTile") {
      throw new DesignError(
        `cascade (${from.col},${from.row}) -> (${to.col},${to.row}): it leads to the compute tile on the south or the east only`,
      );
    }
    this.#body.entry.append(fabric.cascadeFlowOp(from.value, to.value));
  }

  /** The DMA program of a tile, written by hand. objectFifos add their own chains to it, on channels that are free. */
  dma(tile: TileHandle, write: (program: DmaBuilder) => void): void {
    if (this.#programs.has(tile))
      throw new DesignError(`DMA (${tile.col},${tile.row}): the tile has a program already`);
    this.#programs.add(tile);
    const program = new DmaBuilder(tile);
    write(program);
    this.#body.entry.append(fabric.dmaProgramOp(tile, program.finish()));
  }

  /** A name for a channel of a shim DMA, for sequences whose data do not go through an objectFifo. */
  shimChannel(options: ShimChannelOptions): ShimChannelHandle {
    const { name, tile, direction, channel } = options;
    if (tile.kind !== "shim")
      throw new DesignError(`shimChannel @${name}: (${tile.col},${tile.row}) is a ${tile.kind}`);
    const { channels } = tileModels.shim.dma;
    if (!Number.isInteger(channel) || channel < 0 || channel >= channels) {
      throw new DesignError(`shimChannel @${name}: expected a channel 0..${channels - 1}, got ${channel}`);
    }
    this.#claim(name);
    this.#body.entry.append(aie.shimAllocationOp({ name, tile: tile.value, direction, channel }));
    return { name, tile, direction };
  }

  /** The program of one compute tile. */
  core(tile: TileHandle, options: CoreOptions, write: (body: CoreBuilder) => void): void {
    const { col, row } = tile;
    if (tile.kind !== "computeTile") {
      throw new DesignError(
        `core: tile (${col},${row}) is a ${tile.kind}, only compute tiles (row 2 and up) have cores`,
      );
    }
    if (this.#cores.has(tile)) throw new DesignError(`core: tile (${col},${row}) has a core already`);
    const { stackBytes } = options;
    if (!Number.isInteger(stackBytes) || stackBytes <= 0 || stackBytes % 32 !== 0) {
      throw new DesignError(`core (${col},${row}): expected stackBytes to be a multiple of 32, got ${stackBytes}`);
    }
    this.#cores.add(tile);
    const region = new Region();
    const body = new CoreBuilder(tile, region.entry);
    write(body);
    region.entry.append(aie.endOp());
    const { choosesObjectsAtRunTime, elfFile } = options;
    if (elfFile !== undefined && region.entry.ops.length > 1) {
      throw new DesignError(`core (${col},${row}): with elfFile the program is not written here`);
    }
    const spec = { tile: tile.value, col, row, stackBytes, choosesObjectsAtRunTime, elfFile };
    this.#body.entry.append(aie.coreOp(spec, region));
  }

  /** What the host launches: transfers and waits, in order. A device may have several sequences. */
  sequence<Name extends string>(
    options: SequenceOptions<Name>,
    write: (sequence: SequenceBuilder, args: Readonly<Record<Name, Value>>) => void,
  ): void {
    this.#claim(options.name);
    const block = new Block();
    const args = Object.fromEntries(
      Object.entries<MemRefType>(options.args).map(([name, type]) => [name, block.addArg(type, name)]),
    ) as Record<Name, Value>;
    const sequence = new SequenceBuilder(options.name, block);
    write(sequence, args);
    sequence.expectFilledObjects();
    const region = new Region();
    region.addBlock(block);
    this.#body.entry.append(sequenceOp(options.name, region));
  }

  /** The finished design: `builtin.module` with one device. */
  build(): Operation {
    this.#body.entry.append(aie.endOp());
    return aie.moduleOp([aie.deviceOp(this.device.name, "main", this.#body)]);
  }

  /** Tiles stand first, in the order they were asked for. */
  #insertTile(op: Operation): void {
    const block = this.#body.entry;
    const next = this.#lastTile ? block.ops[block.ops.indexOf(this.#lastTile) + 1] : block.ops[0];
    if (next) block.insertBefore(next, op);
    else block.append(op);
    this.#lastTile = op;
  }

  #expectPort({ tile, bundle, channel }: PortOptions, side: "masters" | "slaves"): void {
    const { col, row, kind } = tile;
    const isShimDma = kind === "shim" && bundle === "DMA";
    const count = isShimDma ? tileModels.shim.dma.channels : switchPorts(this.device, col, row, bundle)[side];
    if (Number.isInteger(channel) && channel >= 0 && channel < count) return;
    const role = side === "slaves" ? "sources" : "destinations";
    throw new DesignError(
      `tile (${col},${row}) has ${count} ${bundle} ${role}: ${bundle} : ${channel} is not one of them`,
    );
  }

  #claim(name: string): void {
    if (this.#symbols.has(name)) throw new DesignError(`the name @${name} is taken: names of a design must differ`);
    this.#symbols.add(name);
  }
}

/** Values of `aie_stream`. Source: AIEOps.td ObjectFifoCreateOp. */
const streamEnds = { producer: 0, consumer: 1, both: 2 } as const;
