import { packetSwitch } from "../device-model/ports.ts";

/** What a packet that comes in on `slave` with `id` must leave by. `keepHeader` per master is decided elsewhere. */
export interface PacketTurn {
  readonly slave: number;
  readonly id: number;
  /** Wires out of the switch, ascending. */
  readonly masters: readonly number[];
  readonly isPriority: boolean;
}

export interface PacketRule {
  readonly mask: number;
  readonly value: number;
  readonly amsel: Amsel;
}
export interface Amsel {
  readonly arbiter: number;
  readonly msel: number;
}
/** The packet tables of one switch. Wires are keys. */
export interface PacketTables {
  readonly masters: ReadonlyMap<number, readonly Amsel[]>;
  readonly rules: ReadonlyMap<number, readonly PacketRule[]>;
}
type PacketPlan =
  | { readonly kind: "tables"; readonly tables: PacketTables }
  /** `wires`: where the tables run out, for the router to avoid. */
  | { readonly kind: "conflict"; readonly reason: string; readonly wires: readonly number[] };

/**
 * Fills one switch's packet tables: arbiters and msels for every set of masters, and per slave the fewest mask/value
 * rules that tell its ids apart. `arbitersTaken` are in use by rules written by hand.
 * Limits: 6 arbiters, 4 msels each, 4 rules per slave. Source: AIETargetModel; AM020 chapter 2.
 */
export function planPackets(turns: readonly PacketTurn[], arbitersTaken: ReadonlySet<number>): PacketPlan {
  const amsels = assignAmsels(turns, arbitersTaken);
  if (amsels === undefined) {
    const reason = `more sets of destinations than ${packetSwitch.arbiters} arbiters with ${packetSwitch.mselsPerArbiter} msels serve`;
    return { kind: "conflict", reason, wires: [...new Set(turns.flatMap((turn) => turn.masters))] };
  }
  const rules = new Map<number, readonly PacketRule[]>();
  for (const slave of new Set(turns.map((turn) => turn.slave))) {
    const found = rulesOf(
      turns.filter((turn) => turn.slave === slave),
      amsels,
    );
    if (typeof found === "string") return { kind: "conflict", reason: found, wires: [slave] };
    rules.set(slave, found);
  }
  const masters = new Map<number, Amsel[]>();
  for (const { masters: set } of turns) {
    const amsel = amsels.get(set.join(" "));
    for (const master of set) {
      const mine = masters.get(master) ?? [];
      if (amsel && !mine.includes(amsel)) mine.push(amsel);
      masters.set(master, mine);
    }
  }
  return { kind: "tables", tables: { masters, rules } };
}

/**
 * One msel for every distinct set of masters. Sets that overlap must share an arbiter, since a master listens to one;
 * the others get an arbiter each while there are enough. Priority streams fill from the last arbiter down.
 */
function assignAmsels(
  turns: readonly PacketTurn[],
  arbitersTaken: ReadonlySet<number>,
): ReadonlyMap<string, Amsel> | undefined {
  const all = Array.from({ length: packetSwitch.arbiters }, (_, arbiter) => arbiter);
  const used = new Map(all.filter((arbiter) => !arbitersTaken.has(arbiter)).map((arbiter) => [arbiter, 0]));
  const amsels = new Map<string, Amsel>();
  for (const cluster of clusters(turns)) {
    const order = cluster.isPriority ? [...used.keys()].reverse() : [...used.keys()];
    const arbiter =
      order.find((a) => used.get(a) === 0 && cluster.sets.length <= packetSwitch.mselsPerArbiter) ??
      order.find((a) => (used.get(a) ?? 0) + cluster.sets.length <= packetSwitch.mselsPerArbiter);
    if (arbiter === undefined) return undefined;
    for (const set of cluster.sets) {
      const msel = used.get(arbiter) ?? 0;
      amsels.set(set, { arbiter, msel });
      used.set(arbiter, msel + 1);
    }
  }
  return amsels;
}

interface Cluster {
  sets: string[];
  readonly masters: Set<number>;
  isPriority: boolean;
}

function clusters(turns: readonly PacketTurn[]): readonly Cluster[] {
  let found: Cluster[] = [];
  for (const { masters, isPriority } of turns) {
    const key = masters.join(" ");
    const touching = found.filter((cluster) => masters.some((master) => cluster.masters.has(master)));
    const merged: Cluster = {
      sets: [...new Set([...touching.flatMap((cluster) => cluster.sets), key])],
      masters: new Set([...touching.flatMap((cluster) => [...cluster.masters]), ...masters]),
      isPriority: isPriority || touching.some((cluster) => cluster.isPriority),
    };
    found = [...found.filter((cluster) => !touching.includes(cluster)), merged];
  }
  return found;
}

/** Rules of one slave, or why there are none. */
function rulesOf(turns: readonly PacketTurn[], amsels: ReadonlyMap<string, Amsel>): readonly PacketRule[] | string {
  const wayOf = new Map<number, string>();
  for (const { id, masters } of turns) {
    const way = masters.join(" ");
    if ((wayOf.get(id) ?? way) !== way) return `packet id ${id} would have to go two ways`;
    wayOf.set(id, way);
  }
  const rules: PacketRule[] = [];
  for (const [way, amsel] of amsels) {
    const ids = [...wayOf].filter(([, w]) => w === way).map(([id]) => id);
    const others = [...wayOf].filter(([, w]) => w !== way).map(([id]) => id);
    for (const pattern of coverIds(ids, others)) rules.push({ ...pattern, amsel });
  }
  if (rules.length <= packetSwitch.rulesPerSlave) return rules;
  return `${rules.length} rules for the ids ${[...wayOf.keys()].join(", ")}, a port has ${packetSwitch.rulesPerSlave}`;
}

interface IdPattern {
  readonly mask: number;
  readonly value: number;
}

/** Few patterns that match every id of `ids` and none of `others`: each takes in as many further ids as it can. */
function coverIds(ids: readonly number[], others: readonly number[]): readonly IdPattern[] {
  const patterns: IdPattern[] = [];
  let left = [...ids].sort((a, b) => a - b);
  while (left.length > 0) {
    const best = left.reduce<IdPattern & { covers: readonly number[] }>(
      (found, id) => {
        const pattern = widen(id, left, others);
        const covers = left.filter((other) => matches(pattern, other));
        return covers.length > found.covers.length ? { ...pattern, covers } : found;
      },
      { mask: 0, value: 0, covers: [] },
    );
    patterns.push({ mask: best.mask, value: best.value });
    left = left.filter((id) => !best.covers.includes(id));
  }
  return patterns;
}

function widen(seed: number, ids: readonly number[], others: readonly number[]): IdPattern {
  let pattern: IdPattern = { mask: packetSwitch.idMax, value: seed };
  for (const id of ids) {
    const mask = pattern.mask & ~(pattern.value ^ id);
    const wider = { mask, value: seed & mask };
    if (!others.some((other) => matches(wider, other))) pattern = wider;
  }
  return pattern;
}

function matches({ mask, value }: IdPattern, id: number): boolean {
  return (id & mask) === value;
}
