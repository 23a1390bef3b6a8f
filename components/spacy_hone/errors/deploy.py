"""Messages of deploy: H7xx."""


class DeployErrors:
    H701 = (
        "[H701] The wheels could not be installed into a clean environment.\nCommand: {command}\n{output}\n"
        "If a version could not be found, compare constraints.txt with the package registry."
    )
    H702 = "[H702] The installed pipeline '{name}' did not load or predict:\n{output}"
    H703 = (
        "[H703] The installed pipeline '{name}' differs from the trained one in document {doc}.\n"
        "Expected: {expected}\nFound: {found}\nWas it packaged from another training? Run the package step again."
    )
