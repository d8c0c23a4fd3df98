import { controllerName, type DeadEnd, type DeadlockScene, type Waiting } from "./deadlock-waits.ts";
import type { Lock } from "./lock.ts";

/** Why a chain of waits that is no circle never ends, and what would end it. */
export interface Cause {
  readonly why: string;
  readonly hint: string;
  /** What the sequence does not send. */
  readonly objectFifo?: string;
}

/** Follows the controller's waits to one that nobody can end. */
export function findCause(
  waits: readonly Waiting[],
  { controller, channels, launches }: DeadlockScene,
): Cause | undefined {
  const seen = new Set<string>();
  const search = (key: string, path: readonly Waiting[]): readonly Waiting[] | undefined => {
    if (seen.has(key)) return undefined;
    seen.add(key);
    for (const wait of waits) {
      if (wait.key !== key) continue;
      const way = [...path, wait];
      if (wait.end !== undefined) return way;
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
  return causes[last.end.kind](last.end as never, {
    last,
    needer,
    launches,
    spare: channels.some((channel) => controller.tokens.has(channel)),
  });
}

interface Way {
  /** Whose wait nobody can end. */
  readonly last: Waiting;
  /** The core that needs what does not come; without one, the same. */
  readonly needer: Waiting;
  readonly launches: number;
  /** There are tokens that nobody waits for. */
  readonly spare: boolean;
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
  ungiven: (_, { last, launches }) => ({
    why: `nobody gives to lock ${last.lock!.of.name}: it began at ${last.lock!.of.init}, ${unitsText(last.lock!.of.taken)} been taken, ${last.key} needs ${last.lock!.amount} more${over(launches, last)}`,
    hint: "release the lock where what it counts is free or ready again, or let it begin with more (init)",
  }),
  sent: ({ channel, objectFifo, isStarted }, { needer, launches }) => ({
    ...(objectFifo !== undefined && { objectFifo }),
    why: `${channel} has nothing ${isStarted ? "more to send" : "to send, for the sequence starts no transfer of it"}; ${needer.key} waits for ${awaited(needer)}${over(launches, needer)}`,
    hint: "send as much as the cores need for what the sequence awaits",
  }),
  "no-token": (_, { spare }) => ({
    why: `no task that was started sends the token that the sequence waits for${spare ? ", and one that it does not wait for is there" : ""}`,
    hint: "wait for a channel that a task with a token (issue_token) was started on",
  }),
};

/** Numbers of objects and units are those of all launches. */
function over(launches: number, ...told: readonly Waiting[]): string {
  return launches > 1 && told.some(({ lock }) => lock) ? `, counted over ${launches} launches` : "";
}

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
const waitsFor = (wait: Waiting): string => wait.waitsFor.replace(/ \(.*$|[;,].*$/, "");
const objectsText = (count: number): string => (count === 1 ? "1 object" : `${count} objects`);
const unitsText = (count: number): string => (count === 1 ? "1 unit has" : `${count} units have`);

function ordinal(n: number): string {
  const isTeen = n % 100 > 10 && n % 100 < 14;
  return `${n}${(isTeen ? undefined : ["th", "st", "nd", "rd"][n % 10]) ?? "th"}`;
}
