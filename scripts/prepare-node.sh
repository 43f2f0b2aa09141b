# Sourced by other scripts: checks the Node version and installs the packages of the lock file if needed.
if ! command -v node >/dev/null; then
  echo 'Node.js is missing. Install Node 20.19 or later and npm.' >&2
  exit 1
fi
if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; then
  echo "Node $(node -v) is too old. Install Node 20.19 or later." >&2
  exit 1
fi
# The copied lock file shows that all packages of this commit are installed.
if ! cmp -s package-lock.json node_modules/.installed-lock.json; then
  echo 'Installing packages (once, about a minute) …' >&2
  npm ci --ignore-scripts --no-fund --no-audit --loglevel=error >&2
  cp package-lock.json node_modules/.installed-lock.json
fi
