import { DesignError } from "@aiekit/core";
import { deviceModels, tileModel } from "../device-model/device-model.ts";
import { symbolAttr } from "../ir/attributes.ts";
import { type Diagnostic, formatDiagnostic } from "../ir/diagnostic.ts";
import { type Operation, type Value, walk } from "../ir/operation.ts";
import { verify } from "../verifier/verify.ts";
import { lowerAffine } from "./affine.ts";
import { assignBdIds } from "./bd-ids.ts";
import { assignBufferAddresses } from "./buffer-addresses.ts";
import { lowerCascades } from "./cascade.ts";
import { cloneOperation, substitute } from "./clone.ts";
import { assignControllerIds } from "./controller-ids.ts";
import { lowerCoreAccesses } from "./core-accesses.ts";
import { warnOfDevice } from "./design-warnings.ts";
import { coordOf, type Device, deviceOf, opsNamed, placeText, stackBytes, tileOperand } from "./device-ops.ts";
import { connectFifos } from "./dma-programs.ts";
import { readFifos } from "./fifo.ts";
import { readLinks } from "./fifo-links.ts";
import { placeObjects } from "./fifo-objects.ts";
import { withLocation } from "./location.ts";
import { assignLockIds } from "./lock-ids.ts";
import { refuseUnsizedMemory } from "./memory-types.ts";
import { lowerRegisteredProcesses } from "./register-process.ts";
import { lowerSpreadFlows } from "./spread-flows.ts";
import { lowerTraces } from "./trace.ts";
import { insertTraceFlows } from "./trace-flows.ts";

export interface LoweredDesign {
  /** A new module: objectFifos are buffers with addresses, locks, DMA programs and flows; core bodies use locks. */
  readonly module: Operation;
  readonly warnings: readonly Diagnostic[];
}

/**
 * Lowers the objectFifos of every device of a `builtin.module` and gives locks, BDs and buffers their places. The result
 * is what `aie-objectFifo-stateful-transform` and the allocation passes after it make, except that `scf` stays in cores.
 * The module that is given is not changed.
 * @throws DesignError for what the dialect does not allow, BudgetError for what does not fit a tile.
 */
export function lowerDesign(module: Operation): LoweredDesign {
  if (module.name !== "builtin.module")
    throw new DesignError(`lowerDesign: expected builtin.module, got ${module.name}`);
  const copy = cloneOperation(module);
  const devices = copy.regions.flatMap((r) => r.blocks.flatMap((b) => b.ops.filter((op) => op.name === "aie.device")));
  const warnings = devices.flatMap((op) => {
    withLocation(op, () => refuseOtherDevices(op));
    return lowerDevice(deviceOf(op));
  });
  return { module: copy, warnings: [...warnings, ...checkLowered(module, copy)] };
}

/** What is wrong with the operations that lowering made: errors are thrown, warnings that are not the design's own returned. */
function checkLowered(design: Operation, lowered: Operation): Diagnostic[] {
  const found = verify(lowered);
  const errors = found.filter((d) => d.severity === "error");
  if (errors.length > 0) throw new DesignError([...new Set(errors.map(formatDiagnostic))].join("\n"));
  if (found.length === 0) return [];
  const known = new Set(verify(design).map(formatDiagnostic));
  return found.filter((d) => !known.has(formatDiagnostic(d)));
}

function lowerDevice(device: Device): Diagnostic[] {
  refuseInnerBuffers(device);
  refuseStacks(device);
  refuseUnsizedMemory(device);
  insertTraceFlows(device);
  const traceWarnings = lowerTraces(device);
  lowerAffine(device);
  mergeTiles(device);
  removeUnusedTiles(device);
  assignLockIds(device);
  lowerRegisteredProcesses(device);
  const fifos = readFifos(device);
  const plan = placeObjects(device, fifos, readLinks(device, fifos));
  connectFifos(device, plan);
  const warnings = lowerCoreAccesses(device, plan);
  renameShimSymbols(device);
  removeFifoOps(device);
  const cascadeWarnings = lowerCascades(device);
  lowerSpreadFlows(device);
  const bdWarnings = assignBdIds(device);
  assignControllerIds(device);
  removeUnusedTiles(device);
  return [
    ...traceWarnings,
    ...warnings,
    ...cascadeWarnings,
    ...bdWarnings,
    ...assignBufferAddresses(device),
    ...warnOfDevice(device),
  ];
}

/** What named a fifo now names the shim DMA allocation that took its place. */
function renameShimSymbols(device: Device): void {
  const allocated = new Set(opsNamed(device, "aie.shim_dma_allocation").map((op) => op.text("sym_name")));
  const fifoNames = new Set(opsNamed(device, "aie.objectfifo").map((op) => op.text("sym_name")));
  walk(device.op, (op) => {
    for (const [key, attr] of op.attributes) {
      if (attr.kind !== "symbol" || key === "objFifo_name") continue;
      const name = attr.path.at(-1) ?? "";
      if (!fifoNames.has(name) || !allocated.has(`${name}_shim_alloc`)) continue;
      op.attributes.set(key, symbolAttr(...attr.path.slice(0, -1), `${name}_shim_alloc`));
    }
  });
}

function refuseOtherDevices(op: Operation): void {
  const name = op.text("device") ?? "";
  if (deviceModels.some((model) => model.name === name)) return;
  throw new DesignError(`device not supported: expected one of npu1 and npu2, got ${name}`, {
    hint: `devices: ${deviceModels.map((model) => model.name).join(", ")}`,
  });
}

/** Memory belongs to a tile from start to end of a run, so no core can declare its own. */
function refuseInnerBuffers(device: Device): void {
  for (const core of opsNamed(device, "aie.core")) {
    walk(core, (op) => {
      if (op.name !== "aie.buffer") return;
      const place = placeText(coordOf(tileOperand(core)));
      withLocation(op, () => {
        throw new DesignError(
          `core ${place}: Buffer '${op.text("sym_name")}' must be defined directly under the device scope. Currently it is nested inside a core tile.`,
        );
      });
    });
  }
}

/** Memory that a core has not got can be no stack. */
function refuseStacks(device: Device): void {
  for (const core of opsNamed(device, "aie.core")) {
    const [place, bytes] = [coordOf(tileOperand(core)), stackBytes(core)];
    const { dataBytes } = tileModel(device.model, place.col, place.row);
    if (bytes >= 0 && bytes <= dataBytes) continue;
    withLocation(core, () => {
      throw new DesignError(`core ${placeText(place)}: stack_size: expected 0 to ${dataBytes} bytes, got ${bytes}`);
    });
  }
}

function removeFifoOps(device: Device): void {
  for (const op of opsNamed(
    device,
    "aie.objectfifo",
    "aie.objectfifo.link",
    "aie.objectfifo.allocate",
    "aie.objectfifo.register_external_buffers",
  )) {
    device.block.remove(op);
  }
}

/** A place that is declared twice is one tile. */
function mergeTiles(device: Device): void {
  const first = new Map<string, Value>();
  const same = new Map<Value, Value>();
  for (const tile of opsNamed(device, "aie.tile")) {
    const place = placeText(coordOf(tile.result));
    const known = first.get(place);
    if (known) same.set(tile.result, known);
    else first.set(place, tile.result);
  }
  substitute(device.op, same);
}

/** Tiles that nothing stands on or leads to. */
function removeUnusedTiles(device: Device): void {
  const used = new Set<Value>();
  walk(device.op, (op) => {
    for (const operand of op.operands) used.add(operand);
  });
  for (const tile of opsNamed(device, "aie.tile")) if (!used.has(tile.result)) device.block.remove(tile);
}
