const commands = document.getElementById("commands");
commands.textContent = commands.textContent.replace("ENDPOINT", location.origin);
