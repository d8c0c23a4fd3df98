import { DeviceError } from "@aiekit/core";
import { type KernelFault, SimFault } from "@aiekit/host";
import type { SourceFrame, SourceLocation } from "@aiekit/wasm-clang";
import type { Environment } from "./environment.ts";

/**
 * A fault inside a kernel, with the source lines that it came from; any other error as it is. The compiler's symbolizer
 * is started only here, so a run that does not fail never waits for it.
 */
export async function withSourceLine(error: unknown, environment: Environment): Promise<unknown> {
  if (!(error instanceof SimFault) || error.fault.kernel === undefined) return error;
  const frames = await symbolizedFrames(error.fault.kernel, environment);
  if (frames === undefined || frames.length === 0) return error;
  return new DeviceError(`${error.message}\n${frames.map((frame) => `    at ${frame}`).join("\n")}`, {
    cause: error,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}

/** Undefined where the symbolizer cannot run: the fault itself is the news and must not be lost for it. */
async function symbolizedFrames(kernel: KernelFault, environment: Environment): Promise<readonly string[] | undefined> {
  const { WasmClang } = await import("@aiekit/wasm-clang");
  let clang: Awaited<ReturnType<typeof WasmClang.open>> | undefined;
  try {
    clang = await WasmClang.open(environment.clang === undefined ? {} : { clang: environment.clang });
    const offsets = kernel.frames.map((frame) => frame.byteOffset);
    const locations = await clang.symbolize(kernel.module, offsets);
    return locations.flatMap((location, i) => framesOf(withName(location, kernel.frames[i]?.functionName)));
  } catch {
    return undefined;
  } finally {
    clang?.close();
  }
}

/**
 * Line tables alone do not name a function that is not inlined, and the symbolizer may take it for another one of the module:
 * the module's names, which stack traces prefix, are right.
 */
function withName(location: SourceLocation, moduleName: string | undefined): SourceLocation {
  if (moduleName === undefined) return location;
  const name = moduleName.replace(/^core\.wasm\./, "");
  const outer = location.inlinedInto.at(-1);
  if (outer === undefined) return { ...location, function: name };
  return { ...location, inlinedInto: [...location.inlinedInto.slice(0, -1), { ...outer, function: name }] };
}

function framesOf(location: SourceLocation): readonly string[] {
  return [location, ...location.inlinedInto].map(describeFrame);
}

function describeFrame({ function: name, file, line }: SourceFrame): string {
  return file === undefined ? name : `${name} (${file}:${line})`;
}
