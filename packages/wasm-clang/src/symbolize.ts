/** A place in a source file. `line` counts from 1; `file` and `line` are absent where the module has no debug information. */
export interface SourceFrame {
  readonly function: string;
  readonly file: string | undefined;
  readonly line: number | undefined;
}

/** Where an instruction comes from: the innermost function, and the functions it was inlined into, outwards. */
export interface SourceLocation extends SourceFrame {
  readonly inlinedInto: readonly SourceFrame[];
}

/** Reads what `llvm-symbolizer --output-style=JSON` prints: one entry per address, its frames innermost first. */
export function readSymbolizerJson(text: string): readonly SourceLocation[] {
  const entries = JSON.parse(text) as { readonly Symbol?: readonly SymbolizerFrame[] }[];
  return entries.map((entry) => {
    const [innermost = unknownFrame, ...outer] = (entry.Symbol ?? []).map(asFrame);
    return { ...innermost, inlinedInto: outer };
  });
}

interface SymbolizerFrame {
  readonly FunctionName: string;
  readonly FileName: string;
  readonly Line: number;
}

const unknownFrame: SourceFrame = { function: "??", file: undefined, line: undefined };

/** Compile jobs run in the root of a file system of their own: `/kernels/mel/mel.cc` is the caller's `kernels/mel/mel.cc`. */
function asFrame(frame: SymbolizerFrame): SourceFrame {
  const known = frame.Line > 0;
  return {
    function: frame.FunctionName || "??",
    file: known ? frame.FileName.replace(/^\/(?:\.\/)?/, "") : undefined,
    line: known ? frame.Line : undefined,
  };
}
