import type { Manifest } from "@aiekit/core";
import { formatBytes, formatTable } from "./table.ts";

/** A manifest for people: what was built from what, and the arguments of each sequence. */
export function manifestLines(manifest: Manifest): string[] {
  const { kernel, about, target, device, params, xclbin, sequences, inputs, tools } = manifest;
  const choices = Object.entries(params).map(([name, value]) => `${name}=${value}`);
  return [
    `${kernel}: ${about}`,
    `target ${target}, device ${device}${choices.length === 0 ? "" : `, ${choices.join(" ")}`}`,
    `xclbin ${xclbin.path}, ${formatBytes(xclbin.bytes)}, kernel ${manifest.xclbinKernel}`,
    ...(manifest.fullElf ? [`full ELF ${manifest.fullElf.path}, ${formatBytes(manifest.fullElf.bytes)}`] : []),
    ...sequences.flatMap((sequence) => [
      `sequence ${sequence.name}: ${sequence.units} unit(s) a launch, ${[sequence.insts, sequence.instsElf].flatMap((file) => (file ? [`${file.path}, ${formatBytes(file.bytes)}`] : [])).join("; ")}`,
      indent(
        formatTable(
          [
            { title: "argument" },
            { title: "direction" },
            { title: "type" },
            { title: "bytes", align: "right" },
            { title: "meaning" },
          ],
          sequence.args.map((arg) => [
            arg.name,
            arg.direction,
            `${arg.dtype}[${arg.shape.join(", ")}]`,
            `${arg.bytes}`,
            arg.meaning ?? "",
          ]),
        ),
      ),
    ]),
    `made from ${inputs.map((input) => input.path).join(", ")}`,
    `with ${tools.map((tool) => `${tool.name} ${tool.version}`).join(", ")}`,
  ];
}

function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}
