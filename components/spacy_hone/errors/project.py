"""Messages of command line and project: H8xx."""


class ProjectErrors:
    H801 = "[H801] This step should have made {paths}: look at its messages above."
    H802 = "[H802] {path} has the MD5 {found}, project.yml says {expected}: fetch it again."
    H803 = "[H803] {path} is missing: `python -m spacy project assets`, or put a copy of {url} there."
    H804 = "[H804] Building the wheel of {source} failed:\n{output}"
    H805 = "[H805] {packages} has no wheel of {name}: run the step that packages it."
    H807 = (
        "[H807] {source} is neither a pipeline (a folder with config.cfg and meta.json, such as training/mine/model-best) nor a "
        "directory with setup.cfg, so there is no wheel to build.{near}"
    )
    H808 = "[H808] {meta}: {problem}. Expected the meta.json of a pipeline: description, license, sources."
    H806 = "[H806] project.yml declares no asset with a checksum below {folder}."
