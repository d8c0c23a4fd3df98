import { roundingModes, type Target, UsageError } from "@aiekit/core";
import type { KernelEntry, ParamSpec } from "@aiekit/mlir";
import { sha256 } from "../cache/sha256.ts";

/** What to build. `params` may hold numbers as text, as a command line gives them. */
export interface BuildRequest {
  /** Name in the registry. */
  readonly kernel: string;
  readonly target: Target;
  /** Device name, for example `npu1_1col`. Default: the kernel's own, in the target's generation. */
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
  const { deviceModel, findKernel } = await import("@aiekit/mlir");
  const entry = findKernel(request.kernel);
  const given = request.params ?? {};
  const specs = [...entry.params, ...commonParams];
  const unknown = Object.keys(given).find((name) => !specs.some((spec) => spec.name === name));
  if (unknown !== undefined) {
    const names = specs.map((spec) => spec.name).join(", ");
    throw new UsageError(`${entry.name}: there is no parameter ${unknown}`, {
      hint: `parameters of ${entry.name}: ${names}`,
    });
  }
  const params = Object.fromEntries(
    specs.map((spec) => [spec.name, checkedValue(entry, spec, given[spec.name] ?? spec.default)]),
  );
  const usualDevice = deviceOnTarget(entry.device, request.target);
  const device = request.device ?? usualDevice;
  const { generation } = deviceModel(device);
  if (request.target !== "sim" && generation !== generations[request.target]) {
    throw new UsageError(
      `${entry.name}: device ${device} is not of target ${request.target}: expected ${generations[request.target]}, got ${generation}`,
      { hint: `the kernel's own device for this target: ${usualDevice}` },
    );
  }
  const choices = [
    ...(device === usualDevice ? [] : [`device=${device}`]),
    ...specs.filter((spec) => params[spec.name] !== spec.default).map((spec) => `${spec.name}=${params[spec.name]}`),
  ];
  // Every build that does not ask for them has them: only another choice is worth a word.
  for (const spec of commonParams) if (params[spec.name] === spec.default) delete params[spec.name];
  return {
    entry,
    target: request.target,
    device,
    params,
    folderName: folderNameOf([entry.name, ...choices].join("-")),
  };
}

const generations = { npu1: "aie2", npu2: "aie2p" } as const;

/**
 * The device of as many columns on the target's array: npu1_1col becomes npu2_1col, and the whole npu1 of 4 columns
 * becomes npu2_4col.
 */
export function deviceOnTarget(device: string, target: Target): string {
  if (target === "sim" || device.startsWith(target)) return device;
  const columns = /_(\d)col$/.exec(device)?.[1] ?? (device === "npu1" ? "4" : "8");
  return target === "npu1" && columns === "4" ? "npu1" : `${target}_${columns}col`;
}

/** A parameter of every kernel: the mode that its sources set where they say AIEKIT_ROUNDING (kernels/aie_kernel.h). */
export const roundingParam: ParamSpec = {
  name: "rounding",
  default: "conv_even",
  choices: Object.keys(roundingModes),
  about: "rounding of the kernel's results, to see what another mode would cost",
};

/** A parameter of every kernel: whether each instruction stream has an ELF beside it, for XRT's module flow. */
export const instsFormatParam: ParamSpec = {
  name: "instsFormat",
  default: "bin",
  choices: ["bin", "elf", "full-elf"],
  about:
    "elf: each instruction stream as an ELF too, by which XRT writes the buffers' addresses; full-elf: one ELF of all",
};

const commonParams = [roundingParam, instsFormatParam];

/** File systems take 255 bytes; a list of shapes may be longer. */
function folderNameOf(name: string): string {
  return name.length <= 120 ? name : `${name.slice(0, 103)}-${sha256(name).slice(0, 16)}`;
}

function checkedValue(entry: KernelEntry, spec: ParamSpec, given: number | string): number | string {
  const value = typeof spec.default === "number" && given !== "" ? Number(given) : String(given);
  const refuse = (expected: string, rule = ""): never => {
    throw new UsageError(`${entry.name}: parameter ${spec.name}: expected ${expected}, got ${given}`, {
      hint: `${spec.name}: ${spec.about}${rule}`,
    });
  };
  if (typeof spec.default === "number" && !Number.isSafeInteger(value)) {
    refuse("a whole number", "; a factor is a parameter whose default is text, such as epsilon of layernorm");
  }
  if (spec.choices && !spec.choices.includes(value)) refuse(spec.choices.join(" or "));
  if (spec.min !== undefined && Number(value) < spec.min) refuse(`at least ${spec.min}`);
  if (spec.max !== undefined && Number(value) > spec.max) refuse(`at most ${spec.max}`);
  if (typeof value === "string" && !spec.choices && !/^[\w.]+$/.test(value)) refuse("letters, digits, _ and .");
  return value;
}
