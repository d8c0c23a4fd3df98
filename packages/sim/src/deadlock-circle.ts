import { controllerName, type FifoLack, type Waiting } from "./deadlock-waits.ts";
import type { WaitedLock } from "./fault.ts";

/** One of a circle of agents, each of which waits for the next, the last for the first; and what it waits for. */
export type CircleStep = Pick<Waiting, "key" | "lack" | "lock" | "isHeld" | "isBehindPacket" | "isGate">;

/** The circle nearest to the controller. */
export function findCircle(waits: readonly Waiting[]): CircleStep[] | undefined {
  const done = new Set<string>();
  const search = (key: string, path: readonly CircleStep[]): CircleStep[] | undefined => {
    const start = path.findIndex((step) => step.key === key);
    if (start >= 0) return path.slice(start);
    if (done.has(key)) return undefined;
    done.add(key);
    for (const wait of waits) {
      if (wait.key !== key) continue;
      for (const next of wait.on) {
        const circle = search(next, [...path, wait]);
        if (circle) return circle;
      }
    }
    return undefined;
  };
  for (const wait of waits) {
    const circle = search(wait.key, []);
    if (circle && circle.length > 1) return circle;
  }
  return undefined;
}

/**
 * `core (0,2) -(objectFifo x is full)-> core (0,4) -(objectFifo y has no object ready)-> core (0,2)`. Of DMA channels between
 * cores only what they wait for is told.
 */
export function circleText(circle: readonly CircleStep[]): string {
  const isCore = ({ key }: CircleStep): boolean => key === controllerName || key.startsWith("core ");
  const stops = circle.some(isCore) ? isCore : () => true;
  const first = circle.findIndex(stops);
  const turned = [...circle.slice(first), ...circle.slice(0, first)];
  const parts: { readonly key: string; readonly lacks: CircleStep["lack"][] }[] = [];
  for (const step of turned) {
    if (stops(step)) parts.push({ key: step.key, lacks: [step.lack] });
    else parts.at(-1)?.lacks.push(step.lack);
  }
  const arrows = parts.map(({ key, lacks }) => {
    const text = lacksText(lacks);
    return `${key} ${text === "" ? "->" : `-(${text})->`} `;
  });
  return `${arrows.join("")}${parts[0]?.key}`;
}

/** objectFifos that a circle waits for, in order. */
export function fifosOf(circle: readonly CircleStep[]): string[] {
  return [...new Set(circle.flatMap(({ lack }) => (typeof lack === "object" ? [lack.fifo] : [])))];
}

/** Locks of the design's own that a circle waits for. */
export function locksOf(circle: readonly CircleStep[]): WaitedLock[] {
  return circle.flatMap(({ key: agent, lock, isHeld = false }) => {
    if (lock === undefined || lock.of.counts !== undefined) return [];
    return [{ agent, lock: lock.of.name, init: lock.of.init, isHeld }];
  });
}

/** `objectFifos a and b have no object ready, objectFifo c is full` */
function lacksText(lacks: readonly CircleStep["lack"][]): string {
  const groups: { readonly of: "free" | "filled" | "words"; readonly names: string[] }[] = [];
  for (const lack of lacks) {
    if (lack === undefined) continue;
    const [of, name] = typeof lack === "string" ? (["words", lack] as const) : [lack.counts, fifoName(lack)];
    const last = groups.at(-1);
    if (last?.of !== of) groups.push({ of, names: [name] });
    else if (!last.names.includes(name)) last.names.push(name);
  }
  return groups.map(({ of, names }) => (of === "words" ? names.join(", ") : fifosText(of, names))).join(", ");
}

/** With the place of the end that is full, where it is a DMA that waits: a broadcast has several. */
const fifoName = ({ fifo, at }: FifoLack): string => (at === undefined ? fifo : `${fifo} at ${at}`);

function fifosText(counts: "free" | "filled", names: readonly string[]): string {
  const isOne = names.length === 1;
  const state = { free: isOne ? "is full" : "are full", filled: `${isOne ? "has" : "have"} no object ready` };
  return `objectFifo${isOne ? "" : "s"} ${names.join(" and ")} ${state[counts]}`;
}
