// "Invite people" creates and copies a link and shows its QR code.
import { Person, expect, test } from "../support/fixtures";
import { createAccount, createOwner, signIn } from "../support/api";

test("an owner copies an invite link", async ({ visitor, server }) => {
  const page = await visitor();
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: server.url });
  await signIn(page.context(), server, await createOwner(server, "Olga"));
  await page.goto("/r/lobby");
  await new Person(page, "Olga").expectConnected();
  for (const place of ["navigation", "complementary"] as const) {
    await page.getByRole(place).getByRole("button", { name: "Invite people" }).click();
    await expect(page.getByTestId("invite-status")).toHaveText("Link copied.");
    const link = await page.getByTestId("invite-link").inputValue();
    expect(link).toContain(`${server.url}/invite/`);
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(link);
    await expect(page.getByRole("img", { name: "QR code of the invitation link" })).toBeVisible();
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
    await expect(page.getByRole("dialog", { name: "Invite people" })).toBeHidden();
  }
});

test("inviting is not offered without permission", async ({ visitor, server }) => {
  const page = await visitor();
  await signIn(page.context(), server, await createAccount(server, "Ann"));
  await page.goto("/r/lobby");
  await new Person(page, "Ann").expectConnected();
  await expect(page.getByRole("button", { name: "Invite people" })).toHaveCount(0);
});
