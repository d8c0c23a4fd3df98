import type { ArrayConfig } from "./array-config.ts";
import type { Controller } from "./controller.ts";
import type { Core } from "./core.ts";
import type { ChannelPlace, DmaChannel } from "./dma-channel.ts";
import { type TileCoord, tileName, type Wait } from "./fault.ts";
import { describeLockWait, type FifoLock } from "./fifo-names.ts";
import type { Lock } from "./lock.ts";
import { type SequenceSteps, sequenceSteps } from "./sequence-steps.ts";
import type { StreamEnd } from "./stream-end.ts";
import { syncsOf } from "./tokens.ts";

export interface DeadlockScene {
  readonly config: ArrayConfig;
  readonly controller: Controller;
  readonly cores: readonly Core[];
  readonly channels: readonly DmaChannel[];
  readonly cycle: number;
  /** Launches so far, the one that stands still among them: locks count over all of them. */
  readonly launches: number;
}

/** Who waits, for what, and who could end it. */
export interface Waiting extends Wait {
  /** The agent's name without what it is at. */
  readonly key: string;
  /** Names of the agents that could end the wait. */
  readonly on: readonly string[];
  /** What is waited for, in short: an objectFifo, or words such as `lock a is 0`. */
  readonly lack?: FifoLack | string;
  /** Why nobody can end it. */
  readonly end?: DeadEnd;
  /** The lock that is waited for, and how many units. */
  readonly lock?: { readonly of: Lock; readonly amount: number };
  /** The agent that took the lock has it and would give it back. */
  readonly isHeld?: boolean;
  /** A cascade or stream port has no room. */
  readonly isGate?: boolean;
  /** A packet for another comes first. */
  readonly isBehindPacket?: boolean;
}

/** What an objectFifo lacks. `at`: the tile where it is full. */
export interface FifoLack extends FifoLock {
  readonly at?: string;
}

/** Where a chain of waits ends. `cores`: those that have ended, and gave to the lock or cascade before. */
export type DeadEnd =
  | { readonly kind: "ended"; readonly cores: readonly string[] }
  | { readonly kind: "ungiven" }
  | {
      readonly kind: "sent";
      readonly channel: string;
      readonly objectFifo: string | undefined;
      readonly isStarted: boolean;
    }
  | { readonly kind: "no-token" }
  | { readonly kind: "no-packet-flow"; readonly channel: string; readonly sent: string; readonly ids: string }
  | { readonly kind: "no-task"; readonly channel: string; readonly isStarted: boolean }
  | { readonly kind: "no-cascade"; readonly core: string; readonly flow: "in" | "out" }
  | { readonly kind: "no-flow"; readonly channel: string; readonly direction: "to" | "from" };

export const controllerName = "controller";
/** A core that is neither at its end nor waiting when nothing has happened for long. */
const spins = "nothing: it loops, and comes to no lock, stream or cascade";

/** All waits of an array that stands still, the controller's first. */
export function findWaits(scene: DeadlockScene): Waiting[] {
  const steps = sequenceSteps(scene.config.device, scene.controller.records);
  const sight: Sight = { ...scene, steps, label: (channel) => channelLabel(scene.config, channel) };
  return [...controllerWaits(sight), ...scene.cores.flatMap((core) => coreWaits(core, sight)), ...dmaWaits(sight)];
}

/** The scene, with what its channels are called and what the sequence does. */
interface Sight extends DeadlockScene {
  readonly steps: SequenceSteps;
  readonly label: (channel: ChannelPlace & { readonly agentName: string }) => string;
}

/** `DMA MM2S 0 of tile (0,0) (in)`: a shim's channel with the objectFifo that it serves. */
function channelLabel(config: ArrayConfig, channel: ChannelPlace & { readonly agentName: string }): string {
  const fifo = servedFifo(config, channel);
  return fifo === undefined ? channel.agentName : `${channel.agentName} (${fifo})`;
}

function servedFifo({ allocations }: ArrayConfig, channel: ChannelPlace): string | undefined {
  return allocations.find((one) => sameChannel(one, channel))?.name.replace(/_shim_alloc$/, "");
}

function controllerWaits(sight: Sight): Waiting[] {
  const { controller } = sight;
  return controller.waiting
    ? controller.tokens.missing(controller.waiting).map((place) => tokenWait(place, sight))
    : [];
}

function tokenWait(place: ChannelPlace, sight: Sight): Waiting {
  const channel = sight.channels.find((one) => sameChannel(one, place));
  const name = `DMA ${place.direction} ${place.channel} of tile ${tileName(place.tile)}`;
  const label = sight.label({ ...place, agentName: name });
  const on = channel?.tasks.some((task) => task.token) ? [name] : [];
  const waitsFor = `a token of ${label}${on.length > 0 ? "" : noToken(place, channel, sight)}`;
  const lack = `no token of ${label.replace(/^.*\((\w+)\)$/, "$1")}`;
  return {
    agent: controllerName,
    key: controllerName,
    waitsFor,
    on,
    lack,
    ...(on.length === 0 && { end: noTokenEnd }),
  };
}

const noTokenEnd: DeadEnd = { kind: "no-token" };

function noToken(
  place: ChannelPlace,
  channel: DmaChannel | undefined,
  { controller, channels, label, steps }: Sight,
): string {
  const taken = syncsOf(controller.records.done, place).length;
  const ended =
    taken === 0 ? "whose tasks have ended without one (issue_token)" : `whose tokens, ${taken}, earlier waits took`;
  const tasks =
    channel !== undefined && channel.tasks.length > 0
      ? ", none of whose tasks issues a token"
      : steps.starts(place) === "never"
        ? ", which has no task: the sequence starts none"
        : `, ${ended}`;
  const spare = channels.filter((one) => controller.tokens.has(one));
  return `${tasks}${spare.length > 0 ? `; no wait has taken the token of ${spare.map(label).join(", ")}` : ""}`;
}

function coreWaits(core: Core, sight: Sight): Waiting[] {
  const { agentName: agent } = core;
  if (core.state === "gate") {
    const { waitsFor, waitsOn, lack, flow } = core.gate!;
    const cores = endedAmong(sight, waitsOn);
    const note = cores.map((name) => `; ${name} has reached its end`).join("");
    const on = waitsOn.filter((name) => !cores.includes(name));
    const leadsNowhere = waitsOn.length === 0 && waitsFor.includes("cascade");
    const end: DeadEnd | undefined = leadsNowhere
      ? { kind: "no-cascade", core: agent, flow }
      : on.length === 0 && cores.length > 0
        ? { kind: "ended", cores }
        : undefined;
    return [{ agent, key: agent, waitsFor: waitsFor + note, on, lack, isGate: flow === "out", ...(end && { end }) }];
  }
  if (core.state === "running") return [{ agent, key: agent, waitsFor: spins, on: [] }];
  if (core.state !== "lock") return [];
  const lock = core.locks.find((candidate) => candidate.waiting.some((wait) => wait.user === core));
  const wait = lock?.waiting.find((candidate) => candidate.user === core);
  return lock && wait ? [lockWait({ agent, key: agent }, { lock, request: wait.request }, sight)] : [];
}

function endedAmong({ cores }: Sight, names: readonly string[]): string[] {
  return cores.flatMap(({ state, agentName }) => (state === "done" && names.includes(agentName) ? [agentName] : []));
}

function dmaWaits(sight: Sight): Waiting[] {
  return sight.channels.flatMap((channel) => {
    const who = { agent: `${sight.label(channel)}, ${channel.bd?.name}`, key: channel.agentName };
    if (channel.state === "ready") return [{ ...who, ...streamWait(channel, sight) }];
    if (channel.state !== "lock") return [];
    const { lock, ...request } = channel.bd!.acquire!;
    return [lockWait(who, { lock, request }, sight)];
  });
}

interface LockWaitParts {
  readonly lock: Lock;
  readonly request: { readonly equal: boolean; readonly amount: number };
}

function lockWait(
  { agent, key }: { readonly agent: string; readonly key: string },
  { lock, request }: LockWaitParts,
  sight: Sight,
): Waiting {
  const others = releasers(lock, sight).filter((name) => name !== key);
  // Who took it and gives it back keeps it: a lock that others could give to as well is no such lock.
  const isHeld = lock.takenBy !== undefined && others.includes(lock.takenBy);
  const on = isHeld ? [lock.takenBy!] : others;
  const nobody = on.length > 0 ? undefined : nobodyGives(lock, sight);
  const holder = isHeld && lock.counts === undefined ? `, which ${lock.takenBy} took` : "";
  return {
    agent,
    key,
    waitsFor: `${describeLockWait(lock, request)}${holder}${nobody?.note ?? ""}`,
    on,
    lack: lackOf(lock, key),
    lock: { of: lock, amount: request.amount },
    ...(isHeld && lock.counts === undefined && { isHeld }),
    ...(nobody && { end: nobody.end }),
  };
}

function lackOf(lock: Lock, key: string): FifoLack | string {
  const { counts, name, value, tile } = lock;
  if (counts === undefined) return `lock ${name} is ${value}`;
  return counts.counts === "free" && !key.startsWith("core ") ? { ...counts, at: tileName(tile) } : counts;
}

/** Why a lock gets no unit any more. */
function nobodyGives(lock: Lock, { cores, config, steps }: Sight): { readonly note: string; readonly end: DeadEnd } {
  const ended = cores.filter((core) => core.state === "done" && releases(core, lock)).map((core) => core.agentName);
  if (ended.length > 0) {
    return {
      note: `; ${ended.join(", ")} released it, but has reached its end`,
      end: { kind: "ended", cores: ended },
    };
  }
  const bds = config.bds.filter(({ release }) => release && isLock(release.lock, lock));
  const began = `it began at ${lock.init}`;
  const note =
    bds.length > 0
      ? `; nobody who still runs releases it: ${bds[0]!.name} of tile ${tileName(bds[0]!.tile)} would, and no channel has it to do`
      : cores.some((core) => releases(core, lock))
        ? "; nobody else releases it"
        : `; no core and no BD releases it: ${began}${steps.sets(lock) === "before" ? ", and what the sequence set has been taken" : ""}`;
  return { note, end: { kind: "ungiven" } };
}

/** Agents that may still release a lock. */
function releasers(lock: Lock, { cores, channels, steps }: Sight): string[] {
  const byCore = cores.filter((core) => core.state !== "done" && releases(core, lock));
  const byDma = channels.filter((channel) => channel.reachableBds().some((bd) => bd.release?.lock === lock));
  const bySequence = steps.sets(lock) === "behind" ? [controllerName] : [];
  return [...byCore.map((agent) => agent.agentName), ...byDma.map((agent) => agent.agentName), ...bySequence];
}

function releases(core: Core, lock: Lock): boolean {
  return [...core.program.releases].some((config) => isLock(config, lock));
}

interface LockPlace {
  readonly tile: TileCoord;
  readonly id: number;
}

const isLock = (a: LockPlace, b: LockPlace): boolean => a.id === b.id && sameTile(a.tile, b.tile);

type StreamWaiting = Pick<Waiting, "waitsFor" | "on" | "end" | "lack" | "isBehindPacket">;

function streamWait(channel: DmaChannel, sight: Sight): StreamWaiting {
  const { bd, remainingWords } = channel;
  const words = `${remainingWords} of ${bd!.pattern.lengthWords} words`;
  if (channel.streams.length === 0) {
    const direction = channel.direction === "S2MM" ? "to" : "from";
    const end: DeadEnd = { kind: "no-flow", channel: labelOf(channel, sight), direction };
    return { waitsFor: `${words}: no flow leads ${direction} this channel`, on: [], end };
  }
  return channel.direction === "S2MM" ? wordsFrom(channel, words, sight) : wordsTo(channel, words, sight);
}

function wordsFrom(channel: DmaChannel, words: string, sight: Sight): StreamWaiting {
  const sources = channel.streams.map((stream) => {
    const { source } = stream;
    const name = labelOf(source, sight);
    if (source.state === "idle") return { name: `${name}, ${nothingToSend(source, sight)}`, idle: source };
    const sinks = source.state === "ready" ? stream.sinks() : [channel];
    if (sinks.length === 0) return { name: `${name}, which is at a packet that no flow takes`, on: source.agentName };
    if (sinks.includes(channel)) return { name, on: source.agentName };
    const ahead = `${name} is at a packet with id ${source.packetId}`;
    const to = names(sinks).join(" and ");
    return { name: `${name}, which is at a packet with id ${source.packetId}, for ${to}`, on: source.agentName, ahead };
  });
  const behind = sources.some(({ idle }) => idle && startOf(idle, sight) === "behind");
  const on = [...sources.flatMap((source) => source.on ?? []), ...(behind ? [controllerName] : [])];
  const ahead = sources.find((source) => source.ahead)?.ahead;
  const [idle] = sources.flatMap((source) => source.idle ?? []);
  const isEnd = on.length === 0 && idle !== undefined;
  return {
    waitsFor: `${words} from ${sources.map(({ name }) => name).join(" or ")}`,
    on: idle && isEnd && !isChannel(idle) ? [idle.agentName] : on,
    ...(isEnd && isChannel(idle) && { end: sentEnd(idle, sight) }),
    ...(ahead !== undefined && { lack: ahead, isBehindPacket: true }),
  };
}

function sentEnd(source: DmaChannel, sight: Sight): DeadEnd {
  const objectFifo = servedFifo(sight.config, source);
  return { kind: "sent", channel: labelOf(source, sight), objectFifo, isStarted: startOf(source, sight) === "before" };
}

function nothingToSend(source: StreamEnd, sight: Sight): string {
  const nothing = "which has nothing to send";
  if (!isChannel(source)) return nothing;
  const start = startOf(source, sight);
  if (source.tile.row > 0 && start === "never") return nothing;
  if (start === "behind") return `${nothing}: the sequence starts it behind this wait`;
  return start === "before"
    ? `${nothing}: all that the sequence started has been sent`
    : `${nothing}: the sequence starts no transfer of it`;
}

function wordsTo(channel: DmaChannel, words: string, sight: Sight): StreamWaiting {
  const sinks = channel.streams.flatMap((stream) => stream.sinks());
  if (sinks.length === 0) {
    const { packet } = channel.bd!;
    const sent = packet ? `packet id ${packet.id}` : "no packet header";
    const ids = channel.streams.flatMap(({ packetIds }) => packetIds).join(", ");
    const waitsFor = `${words}: its BD has ${sent}, and the flows from this channel take ids ${ids}`;
    return { waitsFor, on: [], end: { kind: "no-packet-flow", channel: labelOf(channel, sight), sent, ids } };
  }
  const taken = sinks.filter(({ state, owner }) => state === "ready" && owner && !channel.streams.includes(owner));
  const busy = sinks.filter((sink) => sink.state !== "ready" || taken.includes(sink));
  const idle = busy.filter((sink) => sink.state === "idle");
  const notes = [
    ...idle.map((sink) => `${labelOf(sink, sight)} has no task${startNote(sink, sight)}`),
    ...taken.map((sink) => `${labelOf(sink, sight)} is in the middle of a packet of ${sink.owner!.source.agentName}`),
  ];
  const on = busy.flatMap((sink) => {
    if (taken.includes(sink)) return [sink.owner!.source.agentName];
    return [sink.agentName, ...(idle.includes(sink) && startOf(sink, sight) === "behind" ? [controllerName] : [])];
  });
  return {
    waitsFor: `${words} to be taken by ${names(busy).join(" and ")}${notes.length > 0 ? ` (${notes.join(", ")})` : ""}`,
    on,
    ...noTaskEnd(idle, sight),
  };
}

/** A shim's channel that the sequence gives no task any more ends the wait of who sends to it. */
function noTaskEnd(sinks: readonly StreamEnd[], sight: Sight): Pick<Waiting, "end"> {
  const sink = sinks.find((one) => isChannel(one) && one.tile.row === 0 && startOf(one, sight) !== "behind");
  if (sink === undefined) return {};
  const isStarted = startOf(sink, sight) === "before";
  return { end: { kind: "no-task", channel: labelOf(sink, sight), isStarted } };
}

function startNote(sink: StreamEnd, sight: Sight): string {
  if (!isChannel(sink) || sink.tile.row > 0) return "";
  const notes = {
    behind: ": the sequence starts it behind this wait",
    before: ": all that the sequence started has ended",
    never: ": the sequence starts none",
  };
  return notes[startOf(sink, sight)];
}

const startOf = (end: StreamEnd, { steps }: Sight) => (isChannel(end) ? steps.starts(end) : "never");
const labelOf = (end: StreamEnd, { label }: Sight): string => (isChannel(end) ? label(end) : end.agentName);
const names = (channels: readonly StreamEnd[]): string[] => channels.map((channel) => channel.agentName);
const sameTile = (a: TileCoord, b: TileCoord): boolean => a.col === b.col && a.row === b.row;

function isChannel(end: StreamEnd): end is DmaChannel {
  return "tasks" in end;
}

function sameChannel(a: ChannelPlace, b: ChannelPlace): boolean {
  return sameTile(a.tile, b.tile) && a.direction === b.direction && a.channel === b.channel;
}
