import type { Operation, Value } from "../ir/operation.ts";

/**
 * Follows every stream of a routed module from switch to switch and says what is wrong. Knows nothing of the router: the
 * port numbers and rules below are written down a second time, from AM020 chapter 2.
 */
export function walkRoutes(lowered: Operation, routed: Operation): string[] {
  const before = devicesOf(lowered);
  return devicesOf(routed).flatMap((device, i) => new Walker(device).check(before[i] ?? device));
}

type Masters = Readonly<Record<string, number>>;
const masters: Readonly<Record<"shim" | "mem" | "core", Masters>> = {
  shim: { North: 6, South: 6, East: 4, West: 4, FIFO: 1, TileControl: 1 },
  mem: { North: 6, South: 4, DMA: 6, TileControl: 1 },
  core: { North: 6, South: 4, East: 4, West: 4, DMA: 2, Core: 1, FIFO: 1, TileControl: 1 },
};
const slaves: typeof masters = {
  shim: { North: 4, South: 8, East: 4, West: 4, FIFO: 1, TileControl: 1, Trace: 1 },
  mem: { North: 4, South: 6, DMA: 6, TileControl: 1, Trace: 1 },
  core: { North: 4, South: 6, East: 4, West: 4, DMA: 2, Core: 1, FIFO: 1, TileControl: 1, Trace: 2 },
};
const across: Readonly<Record<string, readonly [number, number, string]>> = {
  North: [0, 1, "South"],
  South: [0, -1, "North"],
  East: [1, 0, "West"],
  West: [-1, 0, "East"],
};

interface Switch {
  readonly connects: { readonly from: string; readonly to: string; isUsed: boolean }[];
  readonly sets: Map<string, readonly string[]>;
  readonly rules: Map<string, readonly { readonly mask: number; readonly value: number; readonly amsel: string }[]>;
}

const devicesOf = (module: Operation): Operation[] =>
  module.regions.flatMap((r) => r.blocks.flatMap((b) => b.ops.filter((op) => op.name === "aie.device")));
const placeOf = (tile: Value | undefined): string => `${tile?.definingOp?.int("col")},${tile?.definingOp?.int("row")}`;
const portOf = (op: Operation, end: string): string => `${op.text(`${end}bundle`)}:${op.int(`${end}channel`)}`;
const bodyOf = (op: Operation): Operation[] => op.regions.flatMap((r) => r.blocks.flatMap((b) => b.ops));

class Walker {
  readonly #switches = new Map<string, Switch>();
  readonly #muxes = new Map<string, Switch>();
  readonly #columns: number;
  readonly #problems: string[] = [];

  constructor(device: Operation) {
    const name = device.text("device") ?? "";
    this.#columns = Number(name.match(/_(\d)col/)?.[1] ?? (name.startsWith("npu2") ? 8 : 4));
    for (const op of bodyOf(device)) {
      if (op.name === "aie.switchbox") this.#switches.set(placeOf(op.operands[0]), this.#read(op));
      if (op.name === "aie.shim_mux") this.#muxes.set(placeOf(op.operands[0]), this.#read(op));
    }
  }

  check(design: Operation): string[] {
    const hasFixed = bodyOf(design).some((op) => op.name === "aie.switchbox");
    for (const [place, box] of this.#switches) this.#checkSwitch(place, box);
    const wanted = new Map<string, Set<string>>();
    for (const op of bodyOf(design)) {
      if (op.name === "aie.flow") {
        const from = `circuit|${placeOf(op.operands[0])}|${portOf(op, "source_")}`;
        wanted.set(from, (wanted.get(from) ?? new Set()).add(`${placeOf(op.operands[1])}|${portOf(op, "dest_")}`));
      }
      if (op.name !== "aie.packet_flow") continue;
      const ends = bodyOf(op).filter((end) => end.name !== "aie.end");
      const start = ends.find((end) => end.name === "aie.packet_source");
      const from = `${op.int("ID")}|${placeOf(start?.operands[0])}|${start && portOf(start, "")}`;
      const to = wanted.get(from) ?? new Set();
      for (const end of ends) if (end !== start) to.add(`${placeOf(end.operands[0])}|${portOf(end, "")}`);
      wanted.set(from, to);
    }
    for (const [from, to] of wanted) {
      const [id = "", place = "", port = ""] = from.split("|");
      const reached = this.#follow(id, place, port);
      const [got, expected] = [[...reached].sort().join(" "), [...to].sort().join(" ")];
      if (got !== expected) this.#problems.push(`${from} reaches ${got || "nothing"}, not ${expected}`);
    }
    if (!hasFixed) {
      for (const [place, { connects }] of this.#switches) {
        for (const c of connects) if (!c.isUsed) this.#problems.push(`${place}: ${c.from} to ${c.to} serves no flow`);
      }
    }
    return this.#problems;
  }

  #read(box: Operation): Switch {
    const amsels = new Map<Value, string>();
    const found: Switch = { connects: [], sets: new Map(), rules: new Map() };
    const place = placeOf(box.operands[0]);
    for (const op of bodyOf(box)) {
      const names = op.operands.map((value) => amsels.get(value) ?? "?");
      if (op.name === "aie.amsel") amsels.set(op.result, `${op.int("arbiterID")}.${op.int("msel")}`);
      if (op.name === "aie.connect") {
        const [from, to] = [portOf(op, "source_"), portOf(op, "dest_")];
        if (found.connects.some((c) => c.to === to)) this.#problems.push(`${place}: ${to} is driven twice`);
        found.connects.push({ from, to, isUsed: false });
      }
      if (op.name === "aie.masterset") found.sets.set(portOf(op, "dest_"), names);
      if (op.name !== "aie.packet_rules") continue;
      const rules = bodyOf(op).filter((rule) => rule.name === "aie.rule");
      found.rules.set(
        portOf(op, "source_"),
        rules.map((r) => ({
          mask: r.int("mask") ?? 0,
          value: r.int("value") ?? 0,
          amsel: r.operands.map((value) => amsels.get(value) ?? "?").join(),
        })),
      );
    }
    return found;
  }

  #checkSwitch(place: string, { connects, sets, rules }: Switch): void {
    for (const { from, to } of connects) {
      this.#checkJoin(place, from, to);
      if (sets.has(to)) this.#problems.push(`${place}: ${to} takes a circuit and packets`);
      if (rules.has(from)) this.#problems.push(`${place}: ${from} brings a circuit and packets`);
    }
    for (const [to, amsels] of sets) {
      if (new Set(amsels.map((a) => a.split(".")[0])).size !== 1)
        this.#problems.push(`${place}: ${to} has two arbiters`);
      if (amsels.some((a) => !/^[0-5]\.[0-3]$/.test(a))) this.#problems.push(`${place}: ${to} has amsel ${amsels}`);
    }
    for (const [from, list] of rules) {
      if (list.length > 4) this.#problems.push(`${place}: ${from} has ${list.length} rules`);
      for (const { amsel } of list) {
        for (const [to, amsels] of sets) if (amsels.includes(amsel)) this.#checkJoin(place, from, to);
      }
    }
  }

  #checkJoin(place: string, from: string, to: string): void {
    const [col = 0, row = 0] = place.split(",").map(Number);
    const kind = row === 0 ? "shim" : row === 1 ? "mem" : "core";
    const [fromBundle = "", fromChannel = 0] = split(from);
    const [toBundle = "", toChannel = 0] = split(to);
    const leaves = (b: string): boolean =>
      (b === "West" && col === 0) || (b === "East" && col === this.#columns - 1) || (b === "North" && row === 5);
    const isThere =
      fromChannel < (slaves[kind][fromBundle] ?? 0) &&
      toChannel < (masters[kind][toBundle] ?? 0) &&
      !leaves(fromBundle) &&
      !leaves(toBundle);
    const passesMemtile = kind === "mem" && across[fromBundle] !== undefined && across[toBundle] !== undefined;
    const keepsChannel = fromChannel === toChannel || !(passesMemtile || fromBundle === toBundle);
    const isCoreLoop = fromBundle === toBundle && ["Core", "TileControl"].includes(fromBundle);
    // Shim South ports join each other freely: that is how words go in and out of the array.
    const isAllowed = kind === "shim" && fromBundle === "South" ? true : keepsChannel;
    if (!isThere || !isAllowed || isCoreLoop) this.#problems.push(`${place}: no switch joins ${from} to ${to}`);
  }

  /** Pins that words from a port reach: a circuit, or packets with an id. */
  #follow(id: string, place: string, port: string): Set<string> {
    const reached = new Set<string>();
    const seen = new Set<string>();
    const fromMux = this.#muxes.get(place)?.connects.find((c) => c.from === port)?.to;
    const isShimDma = place.endsWith(",0") && port.startsWith("DMA");
    if (isShimDma && fromMux !== `North:${port === "DMA:0" ? 3 : 7}`) return reached;
    const open = [[place, isShimDma ? `South:${split(fromMux ?? "")[1]}` : port] as const];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const [here, slave] = at;
      if (seen.has(`${here}|${slave}`)) this.#problems.push(`${id}: comes to ${here} ${slave} twice`);
      if (seen.has(`${here}|${slave}`)) continue;
      seen.add(`${here}|${slave}`);
      for (const master of this.#turn(id, here, slave)) {
        const [bundle, channel] = split(master);
        const step = across[bundle];
        const [col = 0, row = 0] = here.split(",").map(Number);
        const mux = this.#muxes.get(here)?.connects.find((c) => c.from === `North:${channel}`)?.to;
        const isHostPort = row === 0 && bundle === "South";
        if (isHostPort && mux !== undefined && master === (mux === "DMA:0" ? "South:2" : "South:3")) {
          reached.add(`${here}|${mux}`);
        } else if (step === undefined || isHostPort) reached.add(`${here}|${master}`);
        else open.push([`${col + step[0]},${row + step[1]}`, `${step[2]}:${channel}`]);
      }
    }
    return reached;
  }

  #turn(id: string, place: string, slave: string): string[] {
    const box = this.#switches.get(place);
    if (box === undefined) return [];
    if (id === "circuit") {
      const ways = box.connects.filter((c) => c.from === slave);
      for (const way of ways) {
        if (way.isUsed) this.#problems.push(`${place}: ${slave} to ${way.to} serves two flows`);
        way.isUsed = true;
      }
      return ways.map((way) => way.to);
    }
    const hits = (box.rules.get(slave) ?? []).filter(({ mask, value }) => (Number(id) & mask) === value);
    if (hits.length > 1) this.#problems.push(`${place}: ${slave} has two rules for id ${id}`);
    return [...box.sets].filter(([, amsels]) => hits.some((hit) => amsels.includes(hit.amsel))).map(([to]) => to);
  }
}

function split(port: string): [string, number] {
  const [bundle = "", channel = "0"] = port.split(":");
  return [bundle, Number(channel)];
}
