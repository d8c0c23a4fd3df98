import { type KernelEntry, type ParamSpec, registry } from "@aiekit/mlir";
import type { Command } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";
import type { NoOptions } from "../program.ts";

/** `aiekit kernels`: the registry, with parameters. */
export const kernels: Command<NoOptions> = async (context) => {
  if (context.json) {
    const list = registry.map(({ name, about, params, device }) => ({ name, about, device, params }));
    context.stdout.write(`${JSON.stringify(list, null, 2)}\n`);
  } else {
    context.stdout.write(`${registry.map((entry) => describeKernel(entry, context.colors.bold)).join("\n")}\n`);
  }
  return exitCodes.ok;
};

function describeKernel(entry: KernelEntry, bold: (text: string) => string): string {
  const params = entry.params.map((param) => `    --param ${param.name}=${param.default}  ${describeParam(param)}`);
  return [`${bold(entry.name)}  ${entry.about}`, `    device ${entry.device}`, ...params].join("\n");
}

/** `1, 3; how many tiles` or `16 to 256; ...` */
export function describeParam(param: ParamSpec): string {
  const { choices, min, max } = param;
  const range = choices
    ? choices.join(", ")
    : [min === undefined ? [] : [`from ${min}`], max === undefined ? [] : [`to ${max}`]].flat().join(" ");
  return range === "" ? param.about : `(${range}) ${param.about}`;
}
