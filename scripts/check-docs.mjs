// Checks that links and file paths in the Markdown documents exist. Prints the ones that do not, and fails.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

/** Folders to which a path in backticks may be relative. */
const ROOTS = ["", "server", "server/src", "server/tests", "end2end", "end2end/tests", "app/src", "bench"];
const LINK = /\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"/g;
const PATH = /`([\w.-]+(?:\/[\w.-]+)*(?:\.(?:rs|ts|md|css|sh|mjs|js|json|sql)|\/))`/g;

const problems = [];
const documents = execFileSync("git", ["ls-files", "*.md"], { encoding: "utf8" }).trim().split("\n");
for (const document of documents.filter((file) => file !== "CHANGELOG.md")) {
  const text = readFileSync(document, "utf8");
  const prose = text.replace(/```[\s\S]*?```/g, "");
  for (const [, link = "", attribute = ""] of prose.matchAll(LINK)) {
    const [file, anchor] = (link || attribute).split("#");
    if (/^[a-z]+:/.test(file)) continue;
    const target = file === "" ? document : path.join(path.dirname(document), file);
    if (!existsSync(target)) problems.push(`${document}: no such file: ${file}`);
    else if (anchor && !anchors(target).has(anchor)) problems.push(`${document}: no such heading: ${file}#${anchor}`);
  }
  for (const [, file] of prose.matchAll(PATH)) {
    const roots = [...ROOTS, path.dirname(document)];
    if (!roots.some((root) => existsSync(path.join(root, file)))) problems.push(`${document}: no such file: ${file}`);
  }
}
if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}

/** The anchors that GitHub gives to the headings of a document. */
function anchors(file) {
  const headings = readFileSync(file, "utf8").matchAll(/^#+ (.+)$/gm);
  return new Set([...headings].map(([, title]) => title.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")));
}
