import { type Cause, findCause } from "./deadlock-cause.ts";
import { type CircleStep, circleText, fifosOf, findCircle, locksOf } from "./deadlock-circle.ts";
import { controllerName, type DeadlockScene, findWaits, type Waiting } from "./deadlock-waits.ts";
import { type FaultRecord, SimFault } from "./fault.ts";

/** Depth is room: where nobody waits for room it changes nothing. */
const noDepth = "no depth frees it: nobody waits for room in an objectFifo";
const waitsForRoom = ({ lack }: Waiting): boolean => typeof lack === "object" && lack.counts === "free";

/** Explains a standstill: nothing can move but cores in loops of their own, and the controller still waits. */
export function deadlock(scene: DeadlockScene): SimFault {
  const waiting = orderFromController(findWaits(scene));
  const reached = reachedFromController(waiting);
  // A packet that goes nowhere frees its channel for nobody: a circle through it is not what has to be opened.
  const lost = findCause(waiting, scene, "no-packet-flow");
  const circle = lost === undefined ? findCircle(waiting) : undefined;
  const isReached = circle?.some(({ key }) => reached.has(key)) ?? false;
  const cause = lost ?? (isReached ? undefined : findCause(waiting, scene));
  const lines = told(waiting, reached).map((wait) => `  ${wait.agent} waits for ${wait.waitsFor}`);
  const untold = waiting.length - lines.length;
  if (untold > 0) lines.push(`  ${untold} other waits do not hold up the sequence (--json has all)`);
  if (circle) lines.push(`  circle: ${circleText(circle)}`);
  if (cause) lines.push(`  why: ${cause.why}`);
  if (!waiting.some(waitsForRoom)) lines.push(`  ${noDepth}`);
  const { waiting: sync, records } = scene.controller;
  return new SimFault(
    `deadlock: nothing can move, and the instruction stream has not ended\n${lines.join("\n")}`,
    {
      kind: "deadlock",
      cycle: scene.cycle,
      waits: waiting.map(({ agent, waitsFor }) => ({ agent, waitsFor })),
      ...(sync && { waitsDone: records.done.filter(({ op }) => op === "sync").length }),
      ...(circle && { waitCycle: circle.map(({ key }) => key), waitFifos: fifosOf(circle), ...lockPart(circle) }),
      ...(cause?.objectFifo !== undefined && { objectFifo: cause.objectFifo }),
    },
    { hint: hintOf(isReached ? circle : undefined, cause) },
  );
}

function lockPart(circle: readonly CircleStep[]): Pick<FaultRecord, "waitLocks"> {
  const waitLocks = locksOf(circle);
  return waitLocks.length > 0 ? { waitLocks } : {};
}

/** Waits that hold up the controller, and as many of the others as a screen has room for. */
function told(waits: readonly Waiting[], reached: ReadonlySet<string>): readonly Waiting[] {
  const most = 40;
  if (waits.length <= most) return waits;
  const needed = waits.filter(({ key }) => reached.has(key));
  return needed.length > 0 ? needed : waits.slice(0, most);
}

/** The controller's waits first, then those that these wait for, then the others. */
function orderFromController(waits: readonly Waiting[]): Waiting[] {
  const ordered: Waiting[] = [];
  const visit = (key: string): void => {
    const found = waits.filter((wait) => wait.key === key && !ordered.includes(wait));
    ordered.push(...found);
    for (const wait of found) wait.on.forEach(visit);
  };
  visit(controllerName);
  return [...ordered, ...waits.filter((wait) => !ordered.includes(wait))];
}

function reachedFromController(waits: readonly Waiting[]): ReadonlySet<string> {
  const reached = new Set<string>();
  const visit = (key: string): void => {
    if (reached.has(key)) return;
    reached.add(key);
    for (const wait of waits) if (wait.key === key) wait.on.forEach(visit);
  };
  visit(controllerName);
  return reached;
}

function hintOf(circle: readonly CircleStep[] | undefined, cause: Cause | undefined): string {
  if (cause?.hint !== undefined) return cause.hint;
  if (circle === undefined) {
    return "compare what the sequence sends and awaits with what the cores acquire and release in one run";
  }
  if (circle.some(({ key }) => key === controllerName)) {
    return "the sequence waits too early: start before this wait what the cores need, and what takes their results";
  }
  if (circle.filter(({ isHeld }) => isHeld).length > 1) {
    return "let all cores take these locks in the same order";
  }
  if (circle.some(({ lack }) => typeof lack === "object" && lack.counts === "free")) {
    return "make an objectFifo of the circle that is full deeper, or empty it earlier";
  }
  if (circle.some(({ isBehindPacket }) => isBehindPacket)) {
    return "packets of one channel come one behind the other: make room for more where the first one goes, or send them by another channel";
  }
  return circle.some(({ isGate }) => isGate)
    ? "a cascade or a stream port holds a few values: give what the other waits for before more are sent"
    : "one of the circle has to give before it takes, or a lock or an objectFifo has to begin with something (init, initialValues)";
}
