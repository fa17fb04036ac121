// The binary needs no other files.
import { Person, expect, test } from "../support/fixtures";
import { Server } from "../support/server";

test("the binary alone serves all files, compressed and cacheable", { tag: "@one-process" }, async ({ visitor }) => {
  const server = await Server.startAlone();
  try {
    const page = await visitor({ baseURL: server.url });
    const files = new Map<string, Record<string, string>>();
    page.on("response", (response) => files.set(new URL(response.url()).pathname, response.headers()));
    await page.goto(server.url);
    await page.getByTestId("enter").click();
    const guest = new Person(page, "Guest 1");
    await guest.expectConnected();
    await guest.send("all by itself");
    await expect(guest.message("all by itself")).toHaveAttribute("data-state", "stored");
    for (const [ending, type] of [
      [".js", "text/javascript"],
      [".wasm", "application/wasm"],
      [".css", "text/css"],
    ]) {
      const [, headers] = [...files].find(([path]) => path.startsWith("/pkg/") && path.endsWith(ending))!;
      expect(headers["content-type"]).toContain(type);
      expect(headers["content-encoding"], ending).toMatch(/^(br|gzip)$/);
      expect(headers["cache-control"]).toContain("immutable");
    }
  } finally {
    await server.dispose();
  }
});
