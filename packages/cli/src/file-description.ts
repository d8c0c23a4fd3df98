import { FormatError, type Manifest, parseManifest } from "@aiekit/core";
import {
  type CoreElf,
  commandLines,
  containerLines,
  describeCdo,
  describeContainer,
  describePdi,
  describeStream,
  describeXclbin,
  describeXclbinText,
  type FileKind,
  fileKind,
  isControlElf,
  readCdo,
  readControlElf,
  readElf,
  readPdiContainer,
  readXclbin,
  streamLines,
  tileLines,
  withoutAppended,
} from "@aiekit/xclbin";
import { controlElfLines, controlElfValue } from "./control-elf-lines.ts";
import { elfLines } from "./elf-lines.ts";
import { manifestLines } from "./manifest-lines.ts";

/** What a build product holds: as plain JSON, and as lines for people. */
interface FileDescription {
  readonly kind: FileKind;
  readonly value: Readonly<Record<string, unknown>>;
  readonly lines: readonly string[];
}

interface DescribeOptions {
  /** One line a tile in place of its registers. */
  readonly brief: boolean;
  /** Every command of a CDO, in order. */
  readonly writes: boolean;
}

/** @throws FormatError where the file is of no known kind, or damaged. */
export function describeFile(bytes: Uint8Array, name: string, { brief, writes }: DescribeOptions): FileDescription {
  const kind = fileKind(bytes, name);
  switch (kind) {
    case "xclbin": {
      const own = withoutAppended(bytes);
      const xclbin = readXclbin(own, name);
      const appended = own.length < bytes.length ? [`${bytes.length - own.length} B appended behind the xclbin`] : [];
      const images = writes ? (xclbin.partition?.pdis ?? []).map(({ image }) => describePdi(image)) : [];
      const commands = images.flatMap(({ container }, i) => [
        `commands of PDI ${i}:`,
        ...(container?.partitions ?? []).flatMap(({ cdo }) => (cdo === undefined ? [] : commandLines(cdo))),
      ]);
      return {
        kind,
        value: { ...describeXclbin(xclbin) },
        lines: [...describeXclbinText(xclbin, { brief }), ...appended, ...commands],
      };
    }
    case "PDI": {
      const container = describeContainer(readPdiContainer(bytes, name));
      const cdos = container.partitions.flatMap(({ cdo }) => (cdo === undefined ? [] : [cdo]));
      const lines = brief ? describePdi(bytes).lines : containerLines(container);
      return {
        kind,
        value: { name, kind, ...container },
        lines: [name, ...lines, ...(writes ? cdos.flatMap(commandLines) : [])],
      };
    }
    case "CDO": {
      const cdo = describeCdo(readCdo(bytes, name));
      const head = `${name}: CDO ${cdo.version} (${cdo.identifier}), ${cdo.commandCount} commands, ${bytes.length} bytes`;
      const tiles = tileLines(cdo).filter((line) => !brief || !line.startsWith(" "));
      return { kind, value: { name, kind, ...cdo }, lines: [head, ...tiles, ...(writes ? commandLines(cdo) : [])] };
    }
    case "instruction stream": {
      const stream = describeStream(bytes, name);
      return { kind, value: { ...stream }, lines: streamLines(stream) };
    }
    case "ELF": {
      const elf = readElf(bytes, name);
      if (!isControlElf(bytes)) return { kind, value: elfValue(elf), lines: elfLines(elf) };
      return describeControlElf(bytes, name);
    }
    case "simulator image": {
      const { lines } = describePdi(bytes);
      return { kind, value: { name, kind, lines }, lines };
    }
    case "manifest": {
      const manifest: Manifest = parseManifest(new TextDecoder().decode(bytes), name);
      return { kind, value: { ...manifest }, lines: manifestLines(manifest) };
    }
  }
}

/** One that nothing here runs (other NPUs, control packets) is told as an ELF like any other, with the reason. */
function describeControlElf(bytes: Uint8Array, name: string): FileDescription {
  const kind = "ELF";
  try {
    const elf = readControlElf(bytes, name);
    return { kind, value: { kind, ...controlElfValue(elf) }, lines: controlElfLines(elf) };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const elf = readElf(bytes, name);
    return { kind, value: { ...elfValue(elf), refused: error.message }, lines: [...elfLines(elf), error.message] };
  }
}

/** Contents are told by their size. */
function elfValue(elf: CoreElf): Record<string, unknown> {
  const { ident: _, segments, sections, ...rest } = elf;
  return {
    kind: "ELF",
    ...rest,
    segments: segments.map(({ data, ...segment }) => ({ ...segment, fileBytes: data.length })),
    sections: sections.map(({ data, ...section }) => ({ ...section, fileBytes: data.length })),
  };
}
