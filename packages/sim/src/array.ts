import { DesignError } from "@aiekit/core";
import type { TileCoord } from "@aiekit/mlir";
import type { ArrayConfig, BdConfig, BufferConfig, CoreConfig, LockConfig, PortPlace } from "./array-config.ts";
import type { Bd } from "./bd.ts";
import { expectBdsInBuffers, expectBdsInRegisters } from "./bd-checks.ts";
import { type CascadeEnds, connectCascades } from "./cascade.ts";
import { Controller } from "./controller.ts";
import { Core } from "./core.ts";
import { type CoreProgram, compileCore } from "./core-compiler.ts";
import { type CostModel, costModel } from "./cost-model.ts";
import { CounterTable } from "./counter-table.ts";
import type { CriticalPath } from "./critical-path.ts";
import type { ChannelPlace, DmaChannel } from "./dma-channel.ts";
import { tileName } from "./fault.ts";
import { fifoEnds } from "./fifo-ends.ts";
import { instantiateKernels, type KernelModule, moduleForThreads } from "./kernel-module.ts";
import { hasThreads, KernelThreads } from "./kernel-threads.ts";
import type { Lock } from "./lock.ts";
import { expectSeparateMemory } from "./memory-layout.ts";
import { type Delays, Scheduler } from "./scheduler.ts";
import { Stream, type StreamRoute } from "./stream.ts";
import type { StreamEnd } from "./stream-end.ts";
import { type ThreadedKernels, threadedKernels, threadedParts } from "./threaded-kernels.ts";
import { makeTile, type Tile } from "./tile.ts";
import type { TraceRecorder } from "./trace-recorder.ts";
import { TraceUnits } from "./trace-units/trace-units.ts";

/** The array as a design configured it. Static DMAs and cores are started and stand at the clock's first event. */
export interface ConfiguredArray {
  readonly clock: Scheduler;
  /** Of its cores and channels. */
  readonly counters: CounterTable;
  readonly cost: CostModel;
  readonly controller: Controller;
  readonly traces: TraceUnits;
  readonly cores: readonly Core[];
  /** Channels of every tile that was touched. */
  readonly channels: () => readonly DmaChannel[];
  /** Every tile that was touched. */
  readonly tiles: () => readonly Tile[];
  readonly tile: (coord: TileCoord) => Tile;
  /** Of the cores that have any. */
  readonly kernels: readonly KernelModule[];
  /** Undefined when all kernels run on this thread. */
  readonly threads: KernelThreads | undefined;
  /** Memory of the design's external buffers, by name. */
  readonly externals: ReadonlyMap<string, Uint32Array>;
  /** Bytes of a buffer or external buffer, as they are now; undefined where the design has none of this name. */
  readonly buffer: (name: string) => Uint8Array | undefined;
}

interface ConfigureOptions {
  /** Memory is followed: what was never written, what is not held, what is written beside arguments. It takes time. */
  readonly checked?: boolean;
  /** Another schedule than the cost model's. */
  readonly delays?: Delays;
  readonly trace?: TraceRecorder;
  /** The critical path of each run is followed. */
  readonly path?: CriticalPath;
  /** Threads that run kernels, this one included. A checked or traced array, and one with a critical path, has one. */
  readonly threads?: ThreadOptions;
}

interface ThreadOptions {
  readonly count: number;
  /** Microseconds that calls of a kernel must take on average to be run in another thread. */
  readonly fromUs: number;
  /** False: this thread runs none of the calls that others can. */
  readonly takesCalls: boolean;
}

const key = (tile: TileCoord): string => `${tile.col},${tile.row}`;

/**
 * Builds the array in the order of hardware's configuration: memories and locks, BDs, switches, started channels, cores.
 * `modules` holds the linked kernels of each core by "col,row".
 * @throws DesignError for what the simulator does not know, BudgetError when kernels do not fit their tile.
 */
export function configureArray(
  config: ArrayConfig,
  modules: ReadonlyMap<string, Uint8Array>,
  { checked = false, delays, trace, path, threads: wanted }: ConfigureOptions = {},
): ConfiguredArray {
  if (checked) {
    expectBdsInRegisters(config);
    expectBdsInBuffers(config);
    expectSeparateMemory(config);
  }
  const clock = new Scheduler(delays, trace, path);
  const traces = new TraceUnits(config.device, clock);
  const counters = new CounterTable();
  const cost = costModel(config.device.generation);
  const traced = config.traces.length > 0;
  const observed = checked || trace !== undefined || path !== undefined || traced;
  const threaded = wanted !== undefined && wanted.count > 1 && hasThreads && !observed;
  const programs = new Map(
    config.cores.map((core) => [core, compileCore(core, config, { cost, checked, threaded, traced })]),
  );
  const kernels = instantiateAll(programs, modules, { threaded, tracked: checked });
  const threads = threaded ? startThreads(kernels, wanted) : undefined;
  const tiles = new Map<string, Tile>();
  const tile = (coord: TileCoord): Tile => {
    const known = tiles.get(key(coord));
    if (known) return known;
    const made = makeTile(coord, {
      device: config.device,
      clock,
      counters,
      cost,
      buffers: config.buffers.filter((buffer) => key(buffer.tile) === key(coord)),
      locks: config.locks.filter((lock) => key(lock.tile) === key(coord)),
      storage: kernels.get(key(coord))?.memory.buffer as ArrayBuffer | undefined,
      onToken: (channel) => controller.token(channel),
      checked,
    });
    tiles.set(key(coord), made);
    return made;
  };
  const controller = new Controller({ device: config.device, clock, cost, tile, traces });
  const lock = (place: LockConfig): Lock => tile(place.tile).locks[place.id] ?? unknownLock(place);

  const externals = new Map(config.externals.map((buffer) => [buffer.name, externalWords(buffer.bytes)]));
  const external = (name: string): Uint32Array => externals.get(name)!;
  const cascadeOf = connectCascades(config, clock);
  const ends = checked ? fifoEnds(config) : undefined;

  for (const coord of config.tiles) tile(coord);
  for (const bd of config.bds) tile(bd.tile).bds.set(makeBd(bd, { tile, lock, external }));
  connect(config, tile, { clock, cost, traces });
  for (const start of config.starts) {
    findChannel(tile, start).push({ bdId: start.bdId, executions: start.executions, token: false });
  }
  const cores = config.cores.map((core) => {
    const program = programs.get(core)!;
    const memories = program.memories.map((coord) => tile(coord).memory);
    const cascade: CascadeEnds = cascadeOf(core.tile);
    const { corePort } = tile(core.tile);
    const module = kernels.get(key(core.tile));
    const parts = { clock, counters, cost, module, memories, locks: program.locks.map(lock), ends, cascade, corePort };
    traces.coreBegan(core.tile);
    return new Core(core, program, { ...parts, traced, threads: threads?.of(module) });
  });
  const buffer = (name: string): Uint8Array | undefined => {
    const words = externals.get(name);
    if (words) return new Uint8Array(words.buffer);
    const place = config.buffers.find((candidate) => candidate.name === name);
    return place && tile(place.tile).memory.bytes.subarray(place.address, place.address + place.bytes);
  };
  let known: readonly DmaChannel[] = [];
  let knownTiles = 0;
  const channels = (): readonly DmaChannel[] => {
    if (knownTiles < tiles.size) known = [...tiles.values()].flatMap((t) => t.channels);
    knownTiles = tiles.size;
    return known;
  };
  return {
    clock,
    counters,
    cost,
    controller,
    traces,
    cores,
    channels,
    tiles: () => [...tiles.values()],
    tile,
    kernels: [...kernels.values()],
    threads: threads?.all,
    externals,
    buffer,
  };
}

function externalWords(bytes: number): Uint32Array {
  return new Uint32Array(Math.ceil(bytes / 4));
}

function instantiateAll(
  programs: ReadonlyMap<CoreConfig, CoreProgram>,
  modules: ReadonlyMap<string, Uint8Array>,
  { threaded, tracked }: { readonly threaded: boolean; readonly tracked: boolean },
): Map<string, KernelModule> {
  const kernels = new Map<string, KernelModule>();
  const ready = new Map<Uint8Array, ThreadedKernels | undefined>();
  const readyFor = (core: CoreConfig, bytes: Uint8Array): ThreadedKernels | undefined => {
    if (!threaded || sharesMemory(core, programs)) return undefined;
    if (!ready.has(bytes)) {
      const fit = moduleForThreads(bytes);
      ready.set(bytes, fit && threadedKernels(fit));
    }
    return ready.get(bytes);
  };
  for (const [core, program] of programs) {
    const bytes = modules.get(key(core.tile));
    if (bytes === undefined) continue;
    const neighbours = program.memories.length - 1;
    const module = instantiateKernels(core.tile, bytes, { neighbours, threaded: readyFor(core, bytes), tracked });
    kernels.set(key(core.tile), module);
  }
  return kernels;
}

/** True when the core reaches a neighbour's memory, or another core reaches its tile's. */
function sharesMemory(core: CoreConfig, programs: ReadonlyMap<CoreConfig, CoreProgram>): boolean {
  return [...programs].some(([other, { memories }]) =>
    other === core ? memories.length > 1 : memories.some((memory) => key(memory) === key(core.tile)),
  );
}

/** Threads for the modules that can go from one to another; undefined when there are none. */
function startThreads(kernels: ReadonlyMap<string, KernelModule>, { count, fromUs, takesCalls }: ThreadOptions) {
  const modules = [...kernels.values()].filter((module) => module.threaded);
  if (modules.length === 0) return undefined;
  const all = new KernelThreads(modules.map(threadedParts), { threads: count, takesCalls });
  const of = (module: KernelModule | undefined) => {
    const core = all.cores[module ? modules.indexOf(module) : -1];
    return core && { core, fromUs };
  };
  return { all, of };
}

interface BdScope {
  readonly tile: (coord: TileCoord) => Tile;
  readonly lock: (place: LockConfig) => Lock;
  readonly external: (name: string) => Uint32Array;
}

function makeBd(bd: BdConfig, { tile, lock, external }: BdScope): Bd {
  const { id, name, buffer, pattern, acquire, release, nextBd, packet } = bd;
  const memoryOf = (place: BufferConfig): Bd["memory"] => {
    const { memory } = tile(place.tile);
    const { words, shadow } = memory;
    return { kind: "fixed", words, name: tileName(place.tile), shadow, tile: memory };
  };
  return {
    id,
    name,
    memory:
      "external" in buffer
        ? { kind: "fixed", words: external(buffer.name), name: buffer.name, shadow: undefined, tile: undefined }
        : memoryOf(buffer),
    pattern,
    iteration: { size: 1, strideWords: 0 },
    acquire: acquire && { lock: lock(acquire.lock), equal: acquire.equal, amount: acquire.amount },
    release: release && { lock: lock(release.lock), amount: release.amount },
    nextBd,
    packet,
  };
}

function connect(
  config: ArrayConfig,
  tile: (coord: TileCoord) => Tile,
  { clock, cost, traces }: { clock: Scheduler; cost: CostModel; traces: TraceUnits },
): void {
  const bySource = new Map<StreamEnd, StreamRoute[]>();
  const ends = [
    ...config.traces.map((flow) => ({ ...flow, from: traces.port(flow.source) })),
    ...config.flows.map((flow) => ({ ...flow, from: findEnd(tile, flow.source) })),
  ];
  for (const { from, sinks, packetId } of ends) {
    const routes = bySource.get(from) ?? [];
    bySource.set(from, routes);
    const headerSinks = sinks.filter((sink) => sink.keepHeader).map((sink) => findEnd(tile, sink));
    routes.push({ packetId, sinks: sinks.map((sink) => findEnd(tile, sink)), headerSinks });
  }
  for (const [source, routes] of bySource) new Stream({ source, routes }, clock, cost);
}

function findEnd(tile: (coord: TileCoord) => Tile, place: PortPlace): StreamEnd {
  return place.bundle === "DMA" ? findChannel(tile, place) : tile(place.tile).corePort(place.direction, place.channel);
}

function findChannel(tile: (coord: TileCoord) => Tile, place: ChannelPlace): DmaChannel {
  const own = tile(place.tile).channels.filter(({ direction }) => direction === place.direction);
  const found = own.find(({ channel }) => channel === place.channel);
  if (found) return found;
  throw new DesignError(`tile ${tileName(place.tile)} has no DMA channel ${place.direction} ${place.channel}`, {
    hint:
      own.length === 0 ? "it has no DMA" : `it has ${own.map((one) => `${one.direction} ${one.channel}`).join(", ")}`,
  });
}

function unknownLock(place: LockConfig): never {
  throw new DesignError(`tile ${tileName(place.tile)} has no lock ${place.id}`);
}
