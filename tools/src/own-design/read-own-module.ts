import { DesignError, UsageError } from "@aiekit/core";
import {
  type Diagnostic,
  formatDiagnostic,
  lowerDesign,
  type Operation,
  parseModule,
  placeTiles,
  routeFlows,
  verify,
  walk,
} from "@aiekit/mlir";

/** Text from anywhere, and which of its devices is meant. */
export interface OwnModuleSource {
  /** What messages call it. */
  readonly file: string;
  readonly text: string;
  /** The text is a lowered design, ours or `aie-opt`'s: buffers with addresses, locks and BDs. */
  readonly lowered: boolean;
  /** Needed where the module has several devices and none is called `main`. */
  readonly deviceName?: string | undefined;
  /** What the registers of the hardware cannot hold is an error; it is a warning otherwise, as the compiler takes it. */
  readonly strict?: boolean;
}

/** A verified module with the chosen device alone, not yet lowered unless its text was. */
interface OwnModule {
  readonly module: Operation;
  readonly device: Operation;
  readonly warnings: readonly string[];
}

/**
 * Reads and verifies a stranger's module.
 * @throws FormatError with line, column and a caret where the text does not parse; DesignError with the verifier's errors;
 * UsageError for a device that is not there.
 */
export function readOwnModule(source: OwnModuleSource): OwnModule {
  const module = parseModule(source.text, source.file);
  const found = verify(module);
  const errors = found.filter(({ severity, beyondLimit }) => severity === "error" || (source.strict && beyondLimit));
  if (errors.length > 0) {
    throw new DesignError(errors.map((one) => formatDiagnostic({ ...one, severity: "error" })).join("\n"));
  }
  return { module, device: keepDevice(module, source), warnings: found.map(formatDiagnostic) };
}

/**
 * Lowers a module that was read, or takes it as it is where its text was lowered; with the warnings of both steps.
 * @throws DesignError for what cannot be lowered, BudgetError for what does not fit, UsageError where it is not lowered.
 */
export function lowerOwnModule(
  { module, warnings: found }: OwnModule,
  source: OwnModuleSource,
): { readonly lowered: Operation; readonly warnings: readonly string[] } {
  dropLoads(module, source.file);
  const { module: lowered, warnings } = source.lowered ? checkLowered(module, source.file) : lowerPlaced(module);
  return { lowered, warnings: [...found, ...warnings.map(formatDiagnostic)] };
}

/**
 * Devices that a sequence loads were left out of the module, and say nothing about the one that stayed.
 * @throws UsageError where that one has nothing else.
 */
function dropLoads(module: Operation, file: string): void {
  const loads = opsNamed(module, "aiex.configure");
  const tiles = [...opsNamed(module, "aie.tile"), ...opsNamed(module, "aie.logical_tile")];
  const [first] = loads;
  if (first !== undefined && tiles.length === 0) {
    const names = [...new Set(loads.map((load) => `@${load.text("symbol") ?? "OTHER"}`))].join(", ");
    throw new UsageError(`${file}: this device has no tiles: its sequences load ${names}`, {
      hint: `take that device by itself: --device-name ${first.text("symbol") ?? "OTHER"}`,
    });
  }
  for (const load of loads) load.parent?.remove(load);
}

function keepDevice(module: Operation, { file, deviceName }: OwnModuleSource): Operation {
  const devices = opsNamed(module, "aie.device");
  const wanted = deviceName ?? (devices.length === 1 ? nameOf(devices[0]!, "main") : "main");
  const names = devices.map((op) => `@${nameOf(op, "main")}`).join(", ");
  const device = devices.find((op) => nameOf(op, "main") === wanted);
  if (devices.length === 0) {
    throw new DesignError(`${file}: expected a design with an aie.device, found none`, {
      hint: "aiekit sim and draw take files of the AIE dialect: docs/designs.md shows one",
    });
  }
  if (device === undefined) {
    throw new UsageError(`${file}: expected a device @${wanted}, found ${names}`, {
      hint: "say which with --device-name",
    });
  }
  for (const other of devices) if (other !== device) other.parent?.remove(other);
  return device;
}

interface Lowered {
  readonly module: Operation;
  readonly warnings: readonly Diagnostic[];
}

/** Logical tiles get places; the routes are made only to see that the stream switches can hold the flows. */
function lowerPlaced(module: Operation): Lowered {
  const lowered = lowerDesign(placeTiles(module));
  routeFlows(lowered.module);
  return lowered;
}

function checkLowered(module: Operation, file: string): Lowered {
  const fifo = opsNamed(module, "aie.objectfifo")[0];
  if (fifo !== undefined) {
    const place = fifo.loc === undefined ? file : `${file}:${fifo.loc.line}:${fifo.loc.column}`;
    throw new UsageError(`${place}: aie.objectfifo in a design that --lowered says is lowered`, {
      hint: "leave --lowered out",
    });
  }
  return { module, warnings: [] };
}

export function opsNamed(root: Operation, name: string): Operation[] {
  const found: Operation[] = [];
  walk(root, (op) => {
    if (op.name === name) found.push(op);
  });
  return found;
}

export function nameOf(op: Operation, unnamed: string): string {
  return op.text("sym_name") ?? unnamed;
}
