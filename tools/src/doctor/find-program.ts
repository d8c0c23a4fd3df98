import { stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { DoctorEnvironment } from "./environment.ts";

/** A program on PATH. Tools of the hardware road have more places: toolchain/find-tools.ts. */
export async function findProgram(program: string, { env }: DoctorEnvironment): Promise<string | undefined> {
  for (const folder of (env.PATH ?? "").split(delimiter)) {
    if (folder === "") continue;
    const path = join(folder, program);
    const isFile = await stat(path).then(
      (info) => info.isFile(),
      () => false,
    );
    if (isFile) return path;
  }
  return undefined;
}
