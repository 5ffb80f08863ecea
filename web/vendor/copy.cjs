// Copies what is vendored from node_modules, as it is, and writes which versions these are: `npm run vendor`.
// With --check it changes nothing and fails where something differs.

const { existsSync, mkdirSync, readFileSync, writeFileSync } = require("node:fs");
const { dirname, join } = require("node:path");

const HERE = __dirname;
const PACKAGES = join(HERE, "..", "..", "node_modules");
const isCheck = process.argv.includes("--check");
const differing = [];

function put(name, content) {
  const path = join(HERE, name);
  if (existsSync(path) && readFileSync(path).equals(content)) return;
  if (isCheck) differing.push(name);
  else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}

const rows = [];
for (const [name, files] of Object.entries(JSON.parse(readFileSync(join(HERE, "vendored.json"), "utf8")))) {
  const folder = name.replace("@", "");
  for (const file of files) {
    put(`${folder}/${file.replace(/^(dist|libesm)\//, "")}`, readFileSync(join(PACKAGES, name, file)));
  }
  const about = JSON.parse(readFileSync(join(PACKAGES, name, "package.json"), "utf8"));
  if (files.includes("LICENSE")) rows.push(`| ${name} | ${about.version} | ${about.license} | \`${folder}/\` |`);
}
const README = `# What the dashboard does not write itself

Copied from the packages as they are, by \`npm run vendor\`; versions are pinned in package.json. Written by the same: do not edit.

| package | version | licence | where |
|---|---|---|---|
${rows.join("\n")}
`;
put("README.md", Buffer.from(README));
if (differing.length > 0) {
  console.error(`Not as in node_modules, run \`npm run vendor\`: ${differing.join(", ")}`);
  process.exit(1);
}
