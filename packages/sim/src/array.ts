import { DesignError } from "@aiekit/core";
import type { TileCoord } from "@aiekit/mlir";
import type { ArrayConfig, BdConfig, CoreConfig, LockConfig } from "./array-config.ts";
import type { Bd } from "./bd.ts";
import { Controller } from "./controller.ts";
import { Core } from "./core.ts";
import { type CoreProgram, compileCore } from "./core-compiler.ts";
import { type CostModel, costModel } from "./cost-model.ts";
import type { ChannelPlace, DmaChannel } from "./dma-channel.ts";
import { tileName } from "./fault.ts";
import { instantiateKernels, type KernelModule } from "./kernel-module.ts";
import type { Lock } from "./lock.ts";
import { Scheduler } from "./scheduler.ts";
import { Stream } from "./stream.ts";
import { makeTile, type Tile } from "./tile.ts";

/** The array as a design configured it. Static DMAs and cores are started and stand at the clock's first event. */
export interface ConfiguredArray {
  readonly clock: Scheduler;
  readonly cost: CostModel;
  readonly controller: Controller;
  readonly cores: readonly Core[];
  /** Channels of every tile that was touched. */
  readonly channels: () => readonly DmaChannel[];
}

const key = (tile: TileCoord): string => `${tile.col},${tile.row}`;

/**
 * Builds the array in the order of hardware's configuration: memories and locks, BDs, switches, started channels, cores.
 * `modules` holds the linked kernels of each core by "col,row".
 * @throws DesignError for what the simulator does not know, BudgetError when kernels do not fit their tile.
 */
export function configureArray(config: ArrayConfig, modules: ReadonlyMap<string, Uint8Array>): ConfiguredArray {
  const clock = new Scheduler();
  const cost = costModel(config.device.generation);
  const programs = new Map(config.cores.map((core) => [core, compileCore(core, config, cost)]));
  const kernels = instantiateAll(programs, modules);
  const tiles = new Map<string, Tile>();
  const tile = (coord: TileCoord): Tile => {
    const known = tiles.get(key(coord));
    if (known) return known;
    const made = makeTile(coord, {
      device: config.device,
      clock,
      cost,
      buffers: config.buffers.filter((buffer) => key(buffer.tile) === key(coord)),
      locks: config.locks.filter((lock) => key(lock.tile) === key(coord)),
      storage: kernels.get(key(coord))?.memory.buffer as ArrayBuffer | undefined,
      onToken: (channel) => controller.token(channel),
    });
    tiles.set(key(coord), made);
    return made;
  };
  const controller = new Controller({ device: config.device, clock, cost, tile });
  const lock = (place: LockConfig): Lock => tile(place.tile).locks[place.id] ?? unknownLock(place);

  for (const coord of config.tiles) tile(coord);
  for (const bd of config.bds) tile(bd.tile).bds.set(makeBd(bd, { tile, lock }));
  connect(config, tile, { clock, cost });
  for (const start of config.starts) {
    findChannel(tile, start).push({ bdId: start.bdId, executions: start.executions, token: false });
  }
  const cores = config.cores.map((core) => {
    const program = programs.get(core)!;
    const memories = program.memories.map((coord) => tile(coord).memory);
    const parts = { clock, cost, module: kernels.get(key(core.tile)), memories, locks: program.locks.map(lock) };
    return new Core(core, program, parts);
  });
  return { clock, cost, controller, cores, channels: () => [...tiles.values()].flatMap((t) => t.channels) };
}

function instantiateAll(
  programs: ReadonlyMap<CoreConfig, CoreProgram>,
  modules: ReadonlyMap<string, Uint8Array>,
): Map<string, KernelModule> {
  const kernels = new Map<string, KernelModule>();
  for (const [core, program] of programs) {
    const bytes = modules.get(key(core.tile));
    if (bytes) kernels.set(key(core.tile), instantiateKernels(core.tile, bytes, program.memories.length - 1));
  }
  return kernels;
}

function makeBd(
  bd: BdConfig,
  { tile, lock }: { tile: (coord: TileCoord) => Tile; lock: (place: LockConfig) => Lock },
): Bd {
  const { id, name, pattern, acquire, release, nextBd, packetId } = bd;
  return {
    id,
    name,
    memory: { kind: "tile", words: tile(bd.buffer.tile).memory.words, name: tileName(bd.buffer.tile) },
    pattern,
    iteration: { size: 1, strideWords: 0 },
    ...(acquire && { acquire: { lock: lock(acquire.lock), equal: acquire.equal, amount: acquire.amount } }),
    ...(release && { release: { lock: lock(release.lock), amount: release.amount } }),
    ...(nextBd !== undefined && { nextBd }),
    ...(packetId !== undefined && { packetId }),
  };
}

function connect(
  config: ArrayConfig,
  tile: (coord: TileCoord) => Tile,
  { clock, cost }: { clock: Scheduler; cost: CostModel },
): void {
  const bySource = new Map<DmaChannel, { packetId: number | undefined; sinks: DmaChannel[] }[]>();
  for (const flow of config.flows) {
    const source = findChannel(tile, flow.source);
    const routes = bySource.get(source) ?? [];
    bySource.set(source, routes);
    routes.push({ packetId: flow.packetId, sinks: flow.sinks.map((sink) => findChannel(tile, sink)) });
  }
  for (const [source, routes] of bySource) new Stream({ source, routes }, clock, cost);
}

function findChannel(tile: (coord: TileCoord) => Tile, place: ChannelPlace): DmaChannel {
  const found = tile(place.tile).channels.find((c) => c.direction === place.direction && c.channel === place.channel);
  if (found) return found;
  throw new DesignError(`tile ${tileName(place.tile)} has no DMA channel ${place.direction} ${place.channel}`);
}

function unknownLock(place: LockConfig): never {
  throw new DesignError(`tile ${tileName(place.tile)} has no lock ${place.id}`);
}
