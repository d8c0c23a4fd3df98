import { ToolMissingError } from "@aiekit/core";

/** Pixels of the PNG for one of the SVG, for text that can be read. */
const zoom = 2;

/** The package that draws. Not named in an import: it is optional, and the compiler would ask for its types. */
const packageName: string = "@resvg/resvg-js";

interface Resvg {
  readonly Resvg: new (svg: string, options: object) => { render(): { asPng(): Uint8Array } };
}

/**
 * Draws an SVG as PNG, on white, with a monospace font of the system.
 * @throws ToolMissingError where the optional package that draws is not installed.
 */
export async function svgToPng(svg: string): Promise<Uint8Array> {
  const loaded: Promise<Resvg> = import(packageName);
  const { Resvg } = await loaded.catch((cause: unknown) => {
    throw new ToolMissingError(`PNG: the package ${packageName} is not installed for this machine`, {
      hint: "write an .svg, which needs no package, or install the optional dependencies again",
      cause,
    });
  });
  const font = { loadSystemFonts: true, defaultFontFamily: "DejaVu Sans Mono" };
  return new Resvg(svg, { font, background: "#fff", fitTo: { mode: "zoom", value: zoom } }).render().asPng();
}
