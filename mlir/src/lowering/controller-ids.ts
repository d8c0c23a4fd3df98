import { regionOf } from "../builder/aie-ops.ts";
import type { TileCoord } from "../device-model/neighbours.ts";
import { boolAttr, enumAttr, integerAttr, type PacketInfoAttr } from "../ir/attributes.ts";
import { Operation, type Value } from "../ir/operation.ts";
import { i8, i32 } from "../ir/types.ts";
import { appendToDevice, coordOf, type Device, opsNamed, sameTile, tileOperand } from "./device-ops.ts";

/**
 * Packet ids under which the tiles of a column are reached by the column's controller, by row. A transfer's token goes
 * to the id of its shim tile. Source: AIEGenerateColumnControlOverlay, AIEAssignTileCtrlIDs; measured.
 */
const controllerIdOfRow = [15, 26, 27, 29, 30, 31] as const;

/** Gives every tile its controller id, and each shim the way for its tokens. */
export function assignControllerIds(device: Device): void {
  const shims: { tile: Value; packetId: number }[] = [];
  for (const tile of opsNamed(device, "aie.tile")) {
    const { row } = coordOf(tile.result);
    const given = tile.attributes.get("controller_id");
    const packetId = given?.kind === "packet-info" ? given.packetId : controllerIdOfRow[row];
    if (packetId === undefined) continue;
    const attr: PacketInfoAttr = { kind: "packet-info", packetType: 0, packetId };
    if (given === undefined) tile.attributes.set("controller_id", attr);
    if (row === 0 && !hasTokenFlow(device, tile.result)) shims.push({ tile: tile.result, packetId });
  }
  for (const { tile, packetId } of shims) appendToDevice(device, tokenFlow(tile, packetId));
}

function hasTokenFlow(device: Device, shim: Value): boolean {
  return opsNamed(device, "aie.packet_flow").some((flow) =>
    flow.regions[0]?.entry.ops.some(
      (op) => op.name === "aie.packet_source" && op.text("bundle") === "TileControl" && sameTile(tileOperand(op), shim),
    ),
  );
}

/** Controller id of the tile at a place; undefined when it has none, and then tokens keep what the register holds. */
export function controllerId(device: Device, place: TileCoord): number | undefined {
  for (const tile of opsNamed(device, "aie.tile")) {
    const attr = tile.attributes.get("controller_id");
    if (tile.int("col") !== place.col || tile.int("row") !== place.row || attr?.kind !== "packet-info") continue;
    return attr.packetId;
  }
  return undefined;
}

function tokenFlow(shim: Value, packetId: number): Operation {
  const port = (name: string, bundle: string) =>
    new Operation(name, {
      operands: [shim],
      attributes: { bundle: enumAttr(bundle), channel: integerAttr(0, i32) },
    });
  return new Operation("aie.packet_flow", {
    attributes: {
      ID: integerAttr(packetId, i8),
      keep_pkt_header: boolAttr(true),
      priority_route: boolAttr(true),
    },
    regions: [
      regionOf([port("aie.packet_source", "TileControl"), port("aie.packet_dest", "South"), new Operation("aie.end")]),
    ],
  });
}
