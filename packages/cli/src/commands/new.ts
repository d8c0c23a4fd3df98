import { newKernel } from "@aiekit/tools";
import type { Command } from "../command-context.ts";
import { exitCodes } from "../exit-codes.ts";

export interface NewOptions {
  readonly what: "kernel";
  readonly name: string;
}

/** `aiekit new kernel`: the skeleton of a kernel, which builds and passes as it is. */
export const create: Command<NewOptions> = async ({ stdout, json }, { name }) => {
  const { created, edited } = await newKernel(name);
  if (json) {
    stdout.write(`${JSON.stringify({ kernel: name, created, edited })}\n`);
    return exitCodes.ok;
  }
  for (const path of created) stdout.write(`created  ${path}\n`);
  for (const path of edited) stdout.write(`line in  ${path}\n`);
  stdout.write(`next: aiekit validate ${name}\n`);
  stdout.write("what each file is for: A new kernel, in CONTRIBUTING.md\n");
  return exitCodes.ok;
};
