import { build } from "vite";

/** One ES module of a file and all it imports, from the packages' sources, as a browser loads it. Nothing is replaced. */
export async function bundleForBrowser(entry: string): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: "error",
    resolve: { conditions: ["development"] },
    build: {
      write: false,
      minify: false,
      target: "es2023",
      lib: { entry, formats: ["es"] },
      // An import of Node's stays in the text, where the test finds it.
      rolldownOptions: { external: /^node:/ },
    },
  });
  const outputs = Array.isArray(result) ? result : "output" in result ? [result] : [];
  const chunks = outputs.flatMap(({ output }) => output).filter((file) => file.type === "chunk");
  if (chunks.length !== 1) throw new Error(`bundle of ${entry}: expected one chunk, got ${chunks.length}`);
  return chunks[0]!.code;
}
