import type { Target } from "@aiekit/core";
import { UsageError } from "@aiekit/core";
import type { KernelEntry, ParamSpec } from "@aiekit/mlir";

/** What to build. `params` may hold numbers as text, as a command line gives them. */
export interface BuildRequest {
  /** Name in the registry. */
  readonly kernel: string;
  readonly target: Target;
  /** Device name, for example `npu1_1col`. Default: the kernel's own. */
  readonly device?: string | undefined;
  /** Parameters of the design; those left out have their defaults. */
  readonly params?: Readonly<Record<string, number | string>> | undefined;
}

/** A request with nothing left open. */
export interface ResolvedRequest {
  readonly entry: KernelEntry;
  readonly target: Target;
  readonly device: string;
  readonly params: Readonly<Record<string, number | string>>;
  /** Folder under `<output>/<target>/`: the kernel's name and every choice that is not the default. */
  readonly folderName: string;
}

/**
 * Fills in defaults and checks every parameter.
 * @throws UsageError for an unknown kernel or parameter, or a value that the parameter does not allow.
 */
export async function resolveRequest(request: BuildRequest): Promise<ResolvedRequest> {
  const { findKernel } = await import("@aiekit/mlir");
  const entry = findKernel(request.kernel);
  const given = request.params ?? {};
  const unknown = Object.keys(given).find((name) => !entry.params.some((spec) => spec.name === name));
  if (unknown !== undefined) {
    const names = entry.params.map((spec) => spec.name).join(", ");
    throw new UsageError(`${entry.name}: there is no parameter ${unknown}`, {
      hint: names === "" ? `${entry.name} has no parameters` : `parameters of ${entry.name}: ${names}`,
    });
  }
  const params = Object.fromEntries(
    entry.params.map((spec) => [spec.name, checkedValue(entry, spec, given[spec.name] ?? spec.default)]),
  );
  const device = request.device ?? entry.device;
  const choices = [
    ...(device === entry.device ? [] : [`device=${device}`]),
    ...entry.params
      .filter((spec) => params[spec.name] !== spec.default)
      .map((spec) => `${spec.name}=${params[spec.name]}`),
  ];
  return { entry, target: request.target, device, params, folderName: [entry.name, ...choices].join("-") };
}

function checkedValue(entry: KernelEntry, spec: ParamSpec, given: number | string): number | string {
  const value = typeof spec.default === "number" && given !== "" ? Number(given) : String(given);
  const refuse = (expected: string): never => {
    throw new UsageError(`${entry.name}: parameter ${spec.name}: expected ${expected}, got ${given}`, {
      hint: `${spec.name}: ${spec.about}`,
    });
  };
  if (typeof spec.default === "number" && !Number.isSafeInteger(value)) refuse("a whole number");
  if (spec.choices && !spec.choices.includes(value)) refuse(spec.choices.join(" or "));
  if (spec.min !== undefined && Number(value) < spec.min) refuse(`at least ${spec.min}`);
  if (spec.max !== undefined && Number(value) > spec.max) refuse(`at most ${spec.max}`);
  if (typeof value === "string" && !/^[\w.]+$/.test(value)) refuse("letters, digits, _ and .");
  return value;
}
