import { fileURLToPath } from "node:url";

/** Folder of the model that this package carries: see its README.md for what it knows. */
export const demoModelPath = fileURLToPath(new URL("../demo-model", import.meta.url));
