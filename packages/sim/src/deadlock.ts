import type { Controller } from "./controller.ts";
import type { Core } from "./core.ts";
import type { DmaChannel } from "./dma-channel.ts";
import { SimFault, type TileCoord, tileName, type Wait } from "./fault.ts";
import { describeLockWait, type FifoLock } from "./fifo-names.ts";
import type { Lock } from "./lock.ts";
import type { StreamEnd } from "./stream-end.ts";

export interface DeadlockScene {
  readonly controller: Controller;
  readonly cores: readonly Core[];
  readonly channels: readonly DmaChannel[];
  readonly cycle: number;
}

/** Who waits, for what, and who could end it. */
interface Waiting extends Wait {
  /** Names of the agents that could end the wait. */
  readonly on: readonly string[];
  /** objectFifo that is waited for, and what it lacks. */
  readonly fifo?: FifoLock;
}

const controllerName = "controller";
/** A core that is neither at its end nor waiting when nothing has happened for long. */
const spins = "nothing: it loops, and comes to no lock, stream or cascade";

/** Explains a standstill: nothing can move but cores in loops of their own, and the controller still waits. */
export function deadlock(scene: DeadlockScene): SimFault {
  const waiting = orderFromController(findWaits(scene));
  const circle = findCircle(waiting);
  const lines = waiting.map((wait) => `  ${wait.agent} waits for ${wait.waitsFor}`);
  if (circle) lines.push(circleText(circle));
  return new SimFault(
    `deadlock: nothing can move, and the instruction stream has not ended\n${lines.join("\n")}`,
    {
      kind: "deadlock",
      cycle: scene.cycle,
      waits: waiting.map(({ agent, waitsFor }) => ({ agent, waitsFor })),
      ...(circle && { waitCycle: circle.map(({ agent }) => agent), waitFifos: fifosOf(circle) }),
    },
    { hint: "compare what the sequence sends and awaits with what the cores acquire and release in one run" },
  );
}

function findWaits(scene: DeadlockScene): Waiting[] {
  const waits: Waiting[] = [];
  const { controller, cores, channels } = scene;
  if (controller.waiting) {
    for (const place of controller.missingTokens(controller.waiting)) waits.push(tokenWait(place, channels));
  }
  for (const core of cores) {
    if (core.state === "gate") {
      const { waitsFor, waitsOn: on } = core.gate!;
      const ended = cores.filter(({ state, agentName }) => state === "done" && on.includes(agentName));
      const note = ended.map(({ agentName }) => `; ${agentName} has reached its end`).join("");
      waits.push({ agent: core.agentName, waitsFor: waitsFor + note, on });
    }
    if (core.state === "running") waits.push({ agent: core.agentName, waitsFor: spins, on: [] });
    if (core.state !== "lock") continue;
    const lock = core.locks.find((candidate) => candidate.waiting.some((wait) => wait.user === core));
    const wait = lock?.waiting.find((candidate) => candidate.user === core);
    if (lock && wait) waits.push(lockWait(core.agentName, { lock, request: wait.request, scene }));
  }
  for (const channel of channels) {
    if (channel.state === "lock") {
      const { lock, ...request } = channel.bd!.acquire!;
      waits.push(
        lockWait(`${channel.agentName}, ${channel.bd!.name},`, { lock, request, scene, key: channel.agentName }),
      );
    } else if (channel.state === "ready") {
      waits.push(streamWait(channel));
    }
  }
  return waits;
}

function tokenWait(
  place: { readonly tile: TileCoord; readonly direction: string; readonly channel: number },
  channels: readonly DmaChannel[],
): Waiting {
  const channel = channels.find(
    (c) => sameTile(c.tile, place.tile) && c.direction === place.direction && c.channel === place.channel,
  );
  const name = channel?.agentName ?? `DMA ${place.direction} ${place.channel} of tile ${tileName(place.tile)}`;
  const note =
    channel === undefined || channel.tasks.length === 0
      ? ", which has no task: none was started with a token (issue_token), or more waits than tokens"
      : channel.tasks.some((task) => task.token)
        ? ""
        : ", none of whose tasks issues a token";
  return { agent: controllerName, waitsFor: `a token of ${name}${note}`, on: channel?.tasks.length ? [name] : [] };
}

interface LockWaitParts {
  readonly lock: Lock;
  readonly request: { readonly equal: boolean; readonly amount: number };
  readonly scene: DeadlockScene;
  readonly key?: string;
}

function lockWait(agent: string, { lock, request, scene, key = agent }: LockWaitParts): Waiting {
  const on = releasers(lock, scene).filter((name) => name !== key);
  const ended = scene.cores
    .filter((core) => core.state === "done" && releases(core, lock))
    .map((core) => core.agentName);
  const nobody =
    ended.length > 0
      ? `; ${ended.join(", ")} released it, but has reached its end`
      : "; nobody who still runs releases it";
  const waitsFor = `${describeLockWait(lock, request)}${on.length === 0 ? nobody : ""}`;
  const { counts: fifo } = lock;
  return { agent: agent.replace(/,$/, ""), waitsFor, on, ...(fifo && { fifo }) };
}

/** Agents that may still release a lock. */
function releasers(lock: Lock, { cores, channels }: DeadlockScene): string[] {
  const byCore = cores.filter((core) => core.state !== "done" && releases(core, lock));
  const byDma = channels.filter((channel) => channel.reachableBds().some((bd) => bd.release?.lock === lock));
  return [...byCore, ...byDma].map((agent) => agent.agentName);
}

function releases(core: Core, lock: Lock): boolean {
  return [...core.program.releases].some((config) => config.id === lock.id && sameTile(config.tile, lock.tile));
}

function streamWait(channel: DmaChannel): Waiting {
  const { bd, remainingWords } = channel;
  const agent = `${channel.agentName}, ${bd!.name}`;
  const words = `${remainingWords} of ${bd!.pattern.lengthWords} words`;
  if (channel.streams.length === 0) return { agent, waitsFor: `${words}: no flow leads to this channel`, on: [] };
  if (channel.direction === "S2MM") {
    const sources = channel.streams.map((stream) => stream.source);
    const idle = sources.every((source) => source.state === "idle");
    const from = sources.map((source) => source.agentName).join(" or ");
    return { agent, waitsFor: `${words} from ${from}${idle ? ", which has nothing to send" : ""}`, on: names(sources) };
  }
  const sinks = channel.streams.flatMap((stream) => stream.sinks());
  if (sinks.length === 0) {
    const sent = bd!.packet ? `packet id ${bd!.packet.id}` : "no packet header";
    const ids = channel.streams.flatMap(({ packetIds }) => packetIds).join(", ");
    return { agent, waitsFor: `${words}: its BD has ${sent}, and the flows from this channel take ids ${ids}`, on: [] };
  }
  const busy = sinks.filter((sink) => sink.state !== "ready");
  const idle = busy.filter((sink) => sink.state === "idle").map((sink) => sink.agentName);
  const note = idle.length > 0 ? ` (${idle.join(", ")} has no task)` : "";
  return { agent, waitsFor: `${words} to be taken by ${names(busy).join(" and ")}${note}`, on: names(busy) };
}

const names = (channels: readonly StreamEnd[]): string[] => channels.map((channel) => channel.agentName);
const sameTile = (a: TileCoord, b: TileCoord): boolean => a.col === b.col && a.row === b.row;
/** Agents are named with what they are at behind a comma. */
const keyOf = (wait: Waiting): string => wait.agent.split(", ")[0]!;

/** The controller's waits first, then those that these wait for, then the others. */
function orderFromController(waits: readonly Waiting[]): Waiting[] {
  const ordered: Waiting[] = [];
  const visit = (key: string): void => {
    const found = waits.filter((wait) => keyOf(wait) === key && !ordered.includes(wait));
    ordered.push(...found);
    for (const wait of found) wait.on.forEach(visit);
  };
  visit(controllerName);
  return [...ordered, ...waits.filter((wait) => !ordered.includes(wait))];
}

/** One of a circle of agents, each of which waits for the next, the last for the first; and what it waits for. */
interface CircleStep {
  readonly agent: string;
  readonly fifo: FifoLock | undefined;
}

/** The circle nearest to the controller. */
function findCircle(waits: readonly Waiting[]): CircleStep[] | undefined {
  const done = new Set<string>();
  const search = (key: string, path: readonly CircleStep[]): CircleStep[] | undefined => {
    const start = path.findIndex(({ agent }) => agent === key);
    if (start >= 0) return path.slice(start);
    if (done.has(key)) return undefined;
    done.add(key);
    for (const wait of waits) {
      if (keyOf(wait) !== key) continue;
      for (const next of wait.on) {
        const circle = search(next, [...path, { agent: key, fifo: wait.fifo }]);
        if (circle) return circle;
      }
    }
    return undefined;
  };
  for (const wait of waits) {
    const circle = search(keyOf(wait), []);
    if (circle && circle.length > 1) return circle;
  }
  return undefined;
}

/** `circle: core (0,2) -(x is full)-> core (0,4) -(y is empty)-> core (0,2)` */
function circleText(circle: readonly CircleStep[]): string {
  const steps = circle.map(({ agent, fifo }) => {
    const state = fifo?.counts === "free" ? "is full" : "has no object ready";
    return `${agent} ${fifo ? `-(objectFifo ${fifo.fifo} ${state})->` : "->"} `;
  });
  return `  circle: ${steps.join("")}${circle[0]!.agent}`;
}

function fifosOf(circle: readonly CircleStep[]): string[] {
  return [...new Set(circle.flatMap(({ fifo }) => (fifo ? [fifo.fifo] : [])))];
}
