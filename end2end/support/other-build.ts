// A second build of the server: a copy of the binary in which the hashed name of the style sheet differs.
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** The hash in the name of the embedded style sheet, if the site is embedded. */
export function styleHash(bytes: Buffer): string | undefined {
  return /pkg\/parlor\.([\w-]{16,})\.css/.exec(bytes.toString("latin1"))?.[1];
}

/** Writes the copy into the folder and returns its path. */
export function otherBuild(program: string, folder: string): string {
  const bytes = readFileSync(program);
  const name = styleHash(bytes);
  if (!name) throw new Error(`${program} has no embedded site: run \`make build\` first`);
  const before = Buffer.from(`parlor.${name}.css`);
  const last = name.endsWith("A") ? "B" : "A";
  const after = Buffer.from(`parlor.${name.slice(0, -1)}${last}.css`);
  for (let at = bytes.indexOf(before); at >= 0; at = bytes.indexOf(before, at + 1)) after.copy(bytes, at);
  const copy = path.join(folder, "parlor-of-another-build");
  writeFileSync(copy, bytes);
  chmodSync(copy, 0o755);
  return copy;
}
