import type { ArrayConfig, LockConfig } from "./array-config.ts";
import { controllerName, type DeadEnd, type DeadlockScene, type Waiting } from "./deadlock-waits.ts";
import { tileName } from "./fault.ts";
import type { Lock } from "./lock.ts";

/** Why a chain of waits that is no circle never ends, and what would end it. */
export interface Cause {
  readonly why: string;
  readonly hint: string;
  /** What the sequence does not send. */
  readonly objectFifo?: string;
}

/** Follows the controller's waits to one that nobody can end; `kind`: only to one of this kind. */
export function findCause(
  waits: readonly Waiting[],
  { config, controller, channels, launches }: DeadlockScene,
  kind?: DeadEnd["kind"],
): Cause | undefined {
  const seen = new Set<string>();
  const search = (key: string, path: readonly Waiting[]): readonly Waiting[] | undefined => {
    if (seen.has(key)) return undefined;
    seen.add(key);
    for (const wait of waits) {
      if (wait.key !== key) continue;
      const way = [...path, wait];
      if (wait.end !== undefined && (kind ?? wait.end.kind) === wait.end.kind) return way;
      for (const next of wait.on) {
        const found = search(next, way);
        if (found) return found;
      }
    }
    return undefined;
  };
  const way = search(controllerName, []);
  const last = way?.at(-1);
  if (way === undefined || last?.end === undefined) return undefined;
  const needer = way.findLast(({ key }) => key.startsWith("core ")) ?? last;
  const spare = channels.some((channel) => controller.tokens.has(channel));
  const isNeverStarted = last.end.kind === "sent" && !last.end.isStarted;
  // What does not come may have been started on a channel that no flow leads from.
  const lost = isNeverStarted ? waits.find(({ end }) => end?.kind === "no-flow")?.end : undefined;
  const end = lost ?? last.end;
  const explain = causes[end.kind] as (end: DeadEnd, way: Way) => Cause;
  return explain(end, { last, needer, launches, spare, kept: keptLock(config) });
}

/** A BD that gives back the lock it took, where another of its tile takes that one and gives a different one. */
function keptLock({ bds }: ArrayConfig): Cause | undefined {
  for (const bd of bds) {
    if (bd.acquire === undefined || bd.acquire.lock !== bd.release?.lock) continue;
    const { lock } = bd.acquire;
    const other = bds.find(({ acquire, release }) => acquire?.lock === lock && release && release.lock !== lock);
    if (other === undefined) continue;
    const gives = lockName(other.release!.lock);
    return {
      why: `${bd.name} of tile ${tileName(bd.tile)} takes lock ${lockName(lock)} and gives it back, where ${other.name} gives lock ${gives}`,
      hint: `let ${bd.name} of tile ${tileName(bd.tile)} release lock ${gives}, if its data is for the same reader`,
    };
  }
  return undefined;
}

const lockName = ({ name, id }: LockConfig): string => name ?? `${id}`;

interface Way {
  /** Whose wait nobody can end. */
  readonly last: Waiting;
  /** The core that needs what does not come; without one, the same. */
  readonly needer: Waiting;
  readonly launches: number;
  /** There are tokens that nobody waits for. */
  readonly spare: boolean;
  /** What a BD that keeps its lock would explain. */
  readonly kept: Cause | undefined;
}

const causes: { readonly [K in DeadEnd["kind"]]: (end: DeadEnd & { readonly kind: K }, way: Way) => Cause } = {
  ended: ({ cores }, { last, needer, launches }) => {
    const who = cores.join(" and ");
    const after = last.lock ? afterObjects(last.lock.of) : "";
    return {
      why: `${who} has ended${after}; ${needer.key} waits for ${awaited(needer, last.lock?.of.counts?.fifo)}${over(launches, last, needer)}`,
      hint: `no launch starts a core's body again: give ${who} as many rounds as ${needer.key} needs, or a loop without end`,
    };
  },
  ungiven: (_, { last, launches }) => {
    const { counts, taken } = last.lock!.of;
    if (counts === undefined) return ungivenLock(last, launches);
    const [gives, port, when] =
      counts.counts === "free" ? ["releases", "Consume", "has been used"] : ["fills", "Produce", "has been written"];
    return {
      why: `nobody ${gives} objectFifo ${counts.fifo}: ${objectsText(taken)} ${taken === 1 ? "has" : "have"} been taken, ${last.key} needs ${last.lock!.amount} more${over(launches, last)}`,
      hint: `write aie.objectfifo.release @${counts.fifo}(${port}, ...) behind the place where an object ${when}`,
    };
  },
  "no-flow": ({ channel, direction }) => ({
    why: `no flow leads ${direction} ${channel}`,
    hint: "give its channel an aie.flow, or use one that has: dma_start and shim_dma_allocation say direction and channel",
  }),
  sent: ({ channel, objectFifo, isStarted }, { needer, launches, kept }) => {
    const missing = `${channel} has nothing ${isStarted ? "more to send" : "to send, for the sequence starts no transfer of it"}; ${needer.key} waits for ${awaited(needer)}${over(launches, needer)}`;
    return {
      ...(objectFifo !== undefined && { objectFifo }),
      why: kept === undefined ? missing : `${kept.why}; ${missing}`,
      hint: kept?.hint ?? "send as much as the cores need for what the sequence awaits",
    };
  },
  "no-token": (_, { spare }) => ({
    why: `no task that was started sends the token that the sequence waits for${spare ? ", and one that it does not wait for is there" : ""}`,
    hint: "wait for a channel that a task with a token (issue_token) was started on",
  }),
  "no-packet-flow": ({ channel, sent, ids }) => ({
    why: `${channel} is at a BD with ${sent}, and the packet flows from there take ids ${ids}: it sends nothing, and nothing behind it`,
    hint: "give the BD or the transfer a packet id that its flows take, or write an aie.packet_flow for its id",
  }),
  "no-task": ({ channel, isStarted }) => ({
    why: `more comes for ${channel} than the sequence takes: ${isStarted ? "all its tasks have ended" : "it starts no task there"}`,
    hint: "start a transfer for all that the cores make of what the sequence sends, or send less",
  }),
  "no-cascade": ({ core, flow }) => ({
    why: `no cascade leads ${flow === "in" ? "to" : "from"} ${core}`,
    hint: "write aie.cascade_flow(%from, %to) for the two tiles, which have to be neighbours",
  }),
};

function ungivenLock({ key, lock }: Waiting, launches: number): Cause {
  const { name, init, taken } = lock!.of;
  return {
    why: `nobody gives to lock ${name}: it began at ${init}, ${unitsText(taken)} been taken, ${key} needs ${lock!.amount} more${launches > 1 ? overLaunches(launches) : ""}`,
    hint: "release the lock where what it counts is free or ready again, let it begin with more (init), or set it in the sequence (aiex.set_lock)",
  };
}

/** Numbers of objects and units are those of all launches. */
function over(launches: number, ...told: readonly Waiting[]): string {
  return launches > 1 && told.some(({ lock }) => lock) ? overLaunches(launches) : "";
}

const overLaunches = (launches: number): string => `, counted over ${launches} launches`;

/** ` after 4 objects of objectFifo f`, ` after it took 4 objects of objectFifo f, which is full there` */
function afterObjects({ counts, given, name }: Lock): string {
  if (counts === undefined) return ` after it gave lock ${name} ${given === 1 ? "once" : `${given} times`}`;
  const objects = `${objectsText(given)} of objectFifo ${counts.fifo}`;
  return counts.counts === "free" ? ` after it took ${objects}, which is full there` : ` after ${objects}`;
}

/** Of an objectFifo that is told already `the 5th`, of another one `room for the 7th object of objectFifo f` */
function awaited(needer: Waiting, told?: string): string {
  const { lock } = needer;
  if (lock?.of.counts === undefined) return waitsFor(needer);
  const { taken, counts } = lock.of;
  const first = taken + 1;
  const last = taken + lock.amount;
  const between = last === first + 1 ? "and" : "to";
  const which = `the ${ordinal(first)}${last > first ? ` ${between} the ${ordinal(last)}` : ""}`;
  const of = counts.fifo === told ? "" : ` object of objectFifo ${counts.fifo}`;
  return `${counts.counts === "free" ? "room for " : ""}${which}${of}`;
}

/** `a filled object of objectFifo f` */
const waitsFor = (wait: Waiting): string => wait.waitsFor.replace(/ \(lock .*$|[;,] .*$/, "");
const objectsText = (count: number): string => (count === 1 ? "1 object" : `${count} objects`);
const unitsText = (count: number): string => (count === 1 ? "1 unit has" : `${count} units have`);

function ordinal(n: number): string {
  const isTeen = n % 100 > 10 && n % 100 < 14;
  return `${n}${(isTeen ? undefined : ["th", "st", "nd", "rd"][n % 10]) ?? "th"}`;
}
