import { BudgetError, DesignError } from "@aiekit/core";
import { type DeviceModel, tileKind } from "../device-model/device-model.ts";
import type { TileCoord } from "../device-model/neighbours.ts";
import { type TileKind, tileModels } from "../device-model/tile-model.ts";
import { integerAttr } from "../ir/attributes.ts";
import { Operation, type Value } from "../ir/operation.ts";
import { i32, index } from "../ir/types.ts";
import { cloneOperation, substitute } from "../lowering/clone.ts";
import { coordOf, type Device, deviceOf, opsNamed, placeText } from "../lowering/device-ops.ts";
import { withLocation } from "../lowering/location.ts";
import { readDemands, type TileDemand } from "./tile-demands.ts";

/**
 * Gives every `aie.logical_tile` of a `builtin.module` a place and returns a new module in which it is an `aie.tile`.
 * Tiles are placed in program order. Cores take the first free place, column by column from the south; those on a
 * cascade the place beside their neighbour that the cascade asks for. Several logical memtiles or shims may share one
 * place as long as its DMA channels suffice. A column or row that is given is kept.
 * @throws BudgetError when the array has no place left that suits, DesignError for tiles that no place can suit.
 */
export function placeTiles(module: Operation): Operation {
  if (module.name !== "builtin.module")
    throw new DesignError(`placeTiles: expected builtin.module, got ${module.name}`);
  const copy = cloneOperation(module);
  for (const block of copy.regions.flatMap((region) => region.blocks)) {
    for (const op of block.ops) if (op.name === "aie.device") placeDevice(deviceOf(op));
  }
  return copy;
}

function placeDevice(device: Device): void {
  const logical = opsNamed(device, "aie.logical_tile");
  if (logical.length === 0) return;
  const demands = readDemands(device);
  const places = new Map<Value, TileCoord>();
  for (const tile of opsNamed(device, "aie.tile")) places.set(tile.result, coordOf(tile.result));
  if (!search(device, logical, demands, places)) refuse(device, logical, demands);
  const replace = new Map<Value, Value>();
  for (const op of logical) {
    const place = places.get(op.result);
    if (place) replace.set(op.result, tileAt(device, op, place));
  }
  substitute(device.op, replace);
  for (const op of logical) device.block.remove(op);
}

/** Steps after which a search for cascade places is given up. */
const searchStepsMax = 20_000;

/** Places the tiles in order, going back where a later one finds no place; true when all have one. */
function search(
  device: Device,
  logical: readonly Operation[],
  demands: ReadonlyMap<Value, TileDemand>,
  places: Map<Value, TileCoord>,
): boolean {
  let steps = 0;
  const place = (at: number): boolean => {
    const op = logical[at];
    if (op === undefined) return true;
    for (const candidate of candidates(device.model, op)) {
      if (steps++ > searchStepsMax) return false;
      if (!suits(op.result, candidate, { demands, places, device: device.model })) continue;
      places.set(op.result, candidate);
      if (place(at + 1)) return true;
      places.delete(op.result);
    }
    return false;
  };
  return place(0);
}

const kinds: Readonly<Record<string, TileKind>> = { CoreTile: "computeTile", MemTile: "memtile", ShimNOCTile: "shim" };

function kindOf(op: Operation): TileKind {
  const type = op.text("tile_type") ?? "";
  const kind = kinds[type];
  if (kind !== undefined) return kind;
  return withLocation(op, () => {
    throw new DesignError(
      `aie.logical_tile: expected ${Object.keys(kinds).join(", ")}, got ${type || "no tile type"}`,
      { hint: "NPUs have no other tiles; ShimPLTile belongs to Versal devices" },
    );
  });
}

/** Places of the right kind that agree with a given column or row, column by column from the south. */
function candidates(device: DeviceModel, op: Operation): TileCoord[] {
  const kind = kindOf(op);
  const found: TileCoord[] = [];
  for (let col = 0; col < device.columns; col++) {
    for (let row = 0; row < device.rows; row++) {
      if (tileKind(device, col, row) !== kind) continue;
      if ((op.int("col") ?? col) === col && (op.int("row") ?? row) === row) found.push({ col, row });
    }
  }
  return found;
}

interface Placed {
  readonly device: DeviceModel;
  readonly demands: ReadonlyMap<Value, TileDemand>;
  readonly places: ReadonlyMap<Value, TileCoord>;
}

function suits(tile: Value, place: TileCoord, { device, demands, places }: Placed): boolean {
  const kind = tileKind(device, place.col, place.row);
  if (kind === undefined) return false;
  const here = [...places].filter(([, other]) => placeText(other) === placeText(place)).map(([value]) => value);
  if (kind === "computeTile" && here.length > 0) return false;
  const { channels } = tileModels[kind].dma;
  const all = [tile, ...here].map((value) => demands.get(value));
  if (sum(all.map((demand) => demand?.sends)) > channels) return false;
  if (sum(all.map((demand) => demand?.receives)) > channels) return false;
  const mine = demands.get(tile);
  return (
    (mine?.cascadesTo ?? []).every((to) => isCascade(place, places.get(to))) &&
    (mine?.cascadesFrom ?? []).every((from) => isCascade(places.get(from), place))
  );
}

/** Cascades run east or south to the next tile. An end without a place is no obstacle yet. Source: AM020 chapter 4. */
function isCascade(from: TileCoord | undefined, to: TileCoord | undefined): boolean {
  if (from === undefined || to === undefined) return true;
  const isEast = to.col === from.col + 1 && to.row === from.row;
  const isSouth = to.col === from.col && to.row === from.row - 1;
  return isEast || isSouth;
}

function sum(counts: readonly (number | undefined)[]): number {
  return counts.reduce<number>((total, count) => total + (count ?? 0), 0);
}

/** Says which kind of tile ran out, or why one tile cannot stand anywhere. */
function refuse(device: Device, logical: readonly Operation[], demands: ReadonlyMap<Value, TileDemand>): never {
  for (const op of logical) {
    withLocation(op, () => {
      const kind = kindOf(op);
      const { channels } = tileModels[kind].dma;
      const { sends = 0, receives = 0 } = demands.get(op.result) ?? {};
      if (candidates(device.model, op).length === 0) {
        throw new DesignError(
          `aie.logical_tile: expected a ${kind} of ${device.model.name}, got (${op.int("col") ?? "?"}, ${op.int("row") ?? "?"})`,
          { hint: "row 0 is shim, row 1 memtiles, rows 2..5 compute tiles" },
        );
      }
      if (Math.max(sends, receives) > channels) {
        throw new BudgetError(
          `aie.logical_tile: one ${kind} needs ${sends} MM2S and ${receives} S2MM channels, it has ${channels} of each`,
          { hint: "spread its objectFifos over several logical tiles" },
        );
      }
    });
  }
  const wanted = new Map<TileKind, number>();
  for (const op of logical) wanted.set(kindOf(op), (wanted.get(kindOf(op)) ?? 0) + 1);
  const counts = [...wanted].map(([kind, count]) => `${count} ${kind}`).join(", ");
  throw new BudgetError(
    `placement: expected ${counts} to fit ${device.model.name} beside the tiles that are placed, got no arrangement`,
    {
      hint: "use a device with more columns, drop given coordinates, or shorten cascades; shims have 2 DMA channels each way",
    },
  );
}

/** The tile at a place: one that stands there already, declared earlier, is shared. */
function tileAt(device: Device, logical: Operation, place: TileCoord): Value {
  const known = opsNamed(device, "aie.tile").find((op) => placeText(coordOf(op.result)) === placeText(place));
  if (known && isBefore(device, known, logical)) return known.result;
  const attributes = Object.fromEntries(logical.attributes);
  const tile = new Operation("aie.tile", {
    results: [index],
    resultNames: [logical.results[0]?.name],
    attributes: {
      col: integerAttr(place.col, i32),
      row: integerAttr(place.row, i32),
      allocation_scheme: attributes.allocation_scheme,
    },
    loc: logical.loc,
  });
  return device.block.insertBefore(logical, tile).result;
}

function isBefore(device: Device, first: Operation, second: Operation): boolean {
  return device.block.ops.indexOf(first) < device.block.ops.indexOf(second);
}
