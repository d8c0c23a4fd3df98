import type { Generation } from "../../device-model/device-model.ts";
import { type Bundle, switchPorts } from "../../device-model/ports.ts";
import type { TileKind } from "../../device-model/tile-model.ts";
import type { Operation } from "../../ir/operation.ts";
import { isEvent, type TraceModule } from "../../lowering/trace-events.ts";
import type { Check } from "../check.ts";
import { enclosing } from "../surroundings.ts";
import { homeTile, kindOf } from "../tiles.ts";

/** Events that one trace unit can watch. Source: AM020, trace units have 8 event slots. */
const eventsMax = 8;

/** aie.trace: as many events as the unit has slots, each combination and edge slot once. */
export function verifyTrace(op: Operation, check: Check): void {
  const ops = op.regions[0]?.blocks.flatMap((block) => block.ops) ?? [];
  const events = ops.filter(({ name }) => name === "aie.trace.event").length;
  if (events > eventsMax) check.error(`trace unit supports maximum ${eventsMax} events, got ${events}`);
  const tile = op.operands[0]?.definingOp?.name ?? "";
  if (!["aie.tile", "aie.logical_tile"].includes(tile)) check.error("tile operand must be a TileOp");
  for (const [name, what] of [
    ["aie.trace.combo_event", "combo event"],
    ["aie.trace.edge_event", "edge detection"],
  ] as const) {
    const seen = new Set<number>();
    for (const other of ops.filter((inner) => inner.name === name)) {
      const slot = other.int("slot") ?? 0;
      if (seen.has(slot)) check.error(`${what} slot ${slot} already in use in this trace`, { at: other });
      seen.add(slot);
    }
  }
}

/** Module whose events an enumeration has. */
const modules: readonly (readonly [prefix: string, module: TraceModule])[] = [
  ["CoreEventAIE2", "core"],
  ["MemEventAIE2", "memory"],
  ["MemTileEventAIE2", "memtile"],
  ["ShimTileEventAIE2", "shim"],
];

/** `ENUMERATION::NAME` is a name of an enumeration; a name alone is looked up when the trace is lowered. */
function checkEnumerator(name: string, check: Check): void {
  const [enumeration = "", value = ""] = name.split("::");
  if (!name.includes("::")) return;
  const module = modules.find(([prefix]) => enumeration === prefix || enumeration === `${prefix}P`)?.[1];
  // The enumerations of AIE1 are read, and belong to no tile here.
  if (module === undefined && !/^(Core|Mem|ShimTile)EventAIE$/.test(enumeration)) {
    check.error(`unknown event enum type: ${enumeration}`);
  } else if (module !== undefined && !isEvent(module, value)) check.error(`unknown ${enumeration} value: ${value}`);
}

/** aie.trace.event: an event of the tile's kind and the device's generation, where it says which. */
export function verifyTraceEvent(op: Operation, check: Check): void {
  const name = eventOf(op, "event");
  checkEnumerator(name, check);
  if (name === "") check.error("event name cannot be empty");
  else if (!belongsHere(name, op, check)) {
    const { col, row, words } = placeOf(op, check);
    check.error(`event '${name}' is not valid for ${words} at (${col}, ${row})`);
  }
}

/** aie.trace.combo_event: slots 0 and 1 combine events, slot 2 combines their results. */
export function verifyComboEvent(op: Operation, check: Check): void {
  const slot = op.int("slot") ?? 0;
  if (slot < 0 || slot > 2) check.error(`combo event slot must be 0, 1, or 2, got ${slot}`);
  const [a, b] = [eventOf(op, "eventA"), eventOf(op, "eventB")];
  for (const name of [a, b]) checkEnumerator(name, check);
  if (!belongsHere(a, op, check)) check.error("eventA is not valid for this tile type");
  if (!belongsHere(b, op, check)) check.error("eventB is not valid for this tile type");
  const isResult = [a, b].some((name) => shortName(name).includes("COMBO_EVENT"));
  if (slot < 2 && isResult) check.error(`combo slot ${slot} should use regular events, not COMBO_EVENT_*`);
  if (slot !== 2) return;
  for (const [word, name, wanted] of [
    ["first", a, "COMBO_EVENT_0"],
    ["second", b, "COMBO_EVENT_1"],
  ] as const) {
    if (shortName(name) === wanted) continue;
    check.error(`combo slot 2 ${word} event must be ${wanted} (hierarchical), got ${shortName(name)}`);
  }
}

/** aie.trace.edge_event: one of two detectors, on an event that is no detector's or combination's result. */
export function verifyEdgeEvent(op: Operation, check: Check): void {
  const slot = op.int("slot") ?? 0;
  if (slot < 0 || slot > 1) check.error(`edge detection slot must be 0 or 1, got ${slot}`);
  const name = eventOf(op, "event");
  checkEnumerator(name, check);
  if (!belongsHere(name, op, check)) check.error("event is not valid for this tile type");
  for (const derived of ["EDGE_DETECTION_EVENT", "COMBO_EVENT"]) {
    if (shortName(name).includes(derived)) {
      check.error(`edge detection source should be a regular event, not another ${derived}`);
    }
  }
}

/** aie.trace.port: a port of the tile's switch; each slot once. */
export function verifyTracePort(op: Operation, check: Check): void {
  const trace = enclosing(op, "aie.trace");
  const tile = homeTile(trace);
  if (!trace || !tile || !check.device) return;
  const ports = switchPorts(check.device, tile.col, tile.row, op.text("port") as Bundle);
  const count = op.text("direction") === "S2MM" ? ports.masters : ports.slaves;
  const channel = op.int("channel") ?? 0;
  if (channel < 0 || channel >= count) {
    check.error(`invalid stream switch port configuration for tile (${tile.col}, ${tile.row})`, {
      hint: `the switch has ${count} such ports`,
    });
  }
  const slot = op.int("slot");
  const twin = op.parent?.ops.find((other) => other.name === op.name && other !== op && other.int("slot") === slot);
  if (twin) check.error(`duplicate port slot ${slot} in trace ${trace.text("sym_name")}`);
}

/** aie.trace.start, aie.trace.stop: by a broadcast channel or by an event. */
export function verifyStartOrStop(op: Operation, check: Check): void {
  const given = ["broadcast", "event"].filter((name) => op.attributes.has(name)).length;
  if (given === 0) check.error("must specify either broadcast or event");
  if (given === 2) check.error("cannot specify both broadcast and event");
}

/** `INSTR_EVENT_0` or `CoreEventAIE2::INSTR_EVENT_0`, as the attribute holds it. */
function eventOf(op: Operation, name: string): string {
  const attribute = op.attributes.get(name);
  const text = attribute?.kind === "opaque" ? attribute.text : "";
  return (/<(.*)>$/.exec(text)?.[1] ?? "").replace(/^"(.*)"$/, "$1");
}

function shortName(name: string): string {
  return name.split("::").at(-1) ?? "";
}

const enumerations: Readonly<Record<TileKind, readonly string[]>> = {
  computeTile: ["CoreEvent", "MemEvent"],
  memtile: ["MemTileEvent"],
  shim: ["ShimTileEvent"],
};
const suffix: Readonly<Record<Generation, string>> = { aie2: "AIE2", aie2p: "AIE2P" };

/** A name without `::` is looked up when the trace is lowered. */
function belongsHere(name: string, op: Operation, check: Check): boolean {
  if (!name.includes("::") || !check.device) return true;
  const kind = kindOf(check.device, homeTile(enclosing(op, "aie.trace")));
  if (kind === undefined) return true;
  const wanted = enumerations[kind].map((prefix) => prefix + suffix[check.device?.generation ?? "aie2"]);
  return wanted.includes(name.split("::")[0] ?? "");
}

function placeOf(op: Operation, check: Check): { col: number | string; row: number | string; words: string } {
  const tile = homeTile(enclosing(op, "aie.trace"));
  const kind = kindOf(check.device, tile) ?? "computeTile";
  const word = { computeTile: "core tile", memtile: "mem tile", shim: "shim tile" }[kind];
  const generation = suffix[check.device?.generation ?? "aie2"];
  return { col: tile?.col ?? "?", row: tile?.row ?? "?", words: `${word} (${generation})` };
}
