// The button that copies the invitation link of the set-up. Without scripts it stays hidden.
const field = document.getElementById("invite-link");
const button = document.getElementById("copy-link");
const status = document.getElementById("copy-status");

button.hidden = false;
field.addEventListener("focus", () => field.select());
button.addEventListener("click", async () => {
  field.select();
  // There is no clipboard in insecure contexts.
  const copied = await navigator.clipboard?.writeText(field.value).then(() => true, () => false);
  status.textContent = copied ? button.dataset.copied : button.dataset.failed;
});
