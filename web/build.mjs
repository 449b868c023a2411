// @ts-check
// Bundle the front end into static/dist: hashed file names, and a manifest that maps each source
// to its output so that templates never guess a name.
//
//   node build.mjs [--watch]
import { rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const outdir = `${here}static/dist`;

/** Every page's script, and the one style sheet. */
const entryPoints = [
  "static/js/embed.js",
  "static/js/home.js",
  "static/js/list.js",
  "static/js/live.js",
  "static/js/model.js",
  "static/js/play.js",
  "static/js/replay.js",
  "static/js/round.js",
  "static/js/site.js",
  "static/js/submit.js",
  "static/css/app.css",
];

/** Which output stands for which source, over all builds. @type {Record<string, string>} */
const names = {};

/** @type {esbuild.Plugin} */
const manifest = {
  name: "manifest",
  setup(build) {
    build.onEnd(async (result) => {
      if (result.metafile === undefined) return;
      for (const [output, { entryPoint }] of Object.entries(result.metafile.outputs)) {
        const name = output.slice("static/dist/".length);
        if (entryPoint !== undefined) names[entryPoint.slice("static/".length)] = name;
        const font = /^fonts\/(.+)-[A-Z0-9]{8}\.woff2$/.exec(name);
        if (font !== null) names[`fonts/${font[1]}.woff2`] = name;
      }
      await writeFile(`${outdir}/manifest.json`, `${JSON.stringify(names, null, 2)}\n`);
    });
  },
};

const watching = process.argv.includes("--watch");

/** @type {esbuild.BuildOptions} */
const options = {
  absWorkingDir: here,
  entryPoints,
  outdir,
  outbase: "static",
  bundle: true,
  splitting: true,
  format: "esm",
  minify: true,
  sourcemap: watching ? "inline" : false,
  target: ["es2022", "chrome111", "firefox113", "safari16.4"],
  entryNames: "[dir]/[name]-[hash]",
  chunkNames: "js/[name]-[hash]",
  assetNames: "fonts/[name]-[hash]",
  loader: { ".woff2": "file" },
  legalComments: "linked",
  metafile: true,
  logLevel: "warning",
  plugins: [manifest],
};

/** The offline viewer goes into one file, so that it must not be split. @type {esbuild.BuildOptions} */
const whole = {
  ...options,
  entryPoints: ["static/js/offline.js", "static/css/offline.css"],
  splitting: false,
  legalComments: "none",
};

await rm(outdir, { recursive: true, force: true });
for (const each of [options, whole]) {
  if (watching) await (await esbuild.context(each)).watch();
  else await esbuild.build(each);
}
