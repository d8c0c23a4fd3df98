import { extname } from "node:path";
import { UsageError } from "@aiekit/core";
import { loadArrayConfig } from "@aiekit/host";
import { printModule } from "@aiekit/mlir";
import { lowerOwnModule, readOwnModule, resolveRequest } from "@aiekit/tools";
import type { Command, CommandContext } from "../command-context.ts";
import { arrayPicture } from "../draw/array-picture.ts";
import { declaredTiles } from "../draw/declared-tiles.ts";
import { svgToPng } from "../draw/svg-to-png.ts";
import { exitCodes } from "../exit-codes.ts";
import { printValue } from "../print-value.ts";
import { readDesignText } from "../read-input.ts";
import { tamedText } from "../terminal.ts";
import { expectWritable, writeOutput } from "../write-output.ts";

export interface DrawOptions {
  /** An .mlir file, or the name of a kernel. */
  readonly design: string;
  readonly out: string;
  readonly lowered: boolean;
  readonly deviceName: string | undefined;
  /** Of a kernel's design. */
  readonly npu: string | undefined;
  readonly params: Readonly<Record<string, number | string>>;
}

/** `aiekit draw`: the array of a design as a picture, by the ending of the file SVG or PNG. */
export const draw: Command<DrawOptions> = async (context, options) => {
  const { design, out } = options;
  const form = extname(out).toLowerCase();
  if (form !== ".svg" && form !== ".png") {
    throw new UsageError(`--out ${out}: expected a file that ends in .svg or .png`);
  }
  await expectWritable(out, context.cwd);
  const source = { ...(await readText(context, options)), lowered: options.lowered, deviceName: options.deviceName };
  const own = readOwnModule(source);
  const declared = declaredTiles(own.device);
  const { lowered, warnings } = lowerOwnModule(own, source);
  const { svg, tiles, links, width, height } = arrayPicture(loadArrayConfig(lowered), { title: source.file, declared });
  await writeOutput(out, context.cwd, form === ".svg" ? svg : await svgToPng(svg));
  for (const warning of warnings) context.stderr.write(tamedText(`warning: ${warning}\n`));
  printValue(
    context,
    { design, out, width, height, tiles: tiles.map(({ tile, kernels, use }) => ({ ...tile, kernels, use })), links },
    [`${out}: ${tiles.length} tiles, ${links.length} links, ${width} x ${height} pixels`],
  );
  return exitCodes.ok;
};

/** Names of kernels have neither dot nor slash. */
async function readText({ cwd }: CommandContext, { design, npu, params }: DrawOptions) {
  if (/[./\\]/.test(design)) {
    if (npu !== undefined || Object.keys(params).length > 0) {
      throw new UsageError(`draw ${design}: --npu and --param are for kernels, a file says its own device`);
    }
    return { file: design, text: await readDesignText(design, cwd) };
  }
  const request = await resolveRequest({ kernel: design, target: "sim", device: npu, params });
  const { device, params: all, folderName } = request;
  return { file: folderName, text: printModule(request.entry.design({ device, params: all }).module) };
}
