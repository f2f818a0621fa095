"""A folder of images: one folder for each class, or a table that names the files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from cc_export.data.table import Arrays, Column, Table
from cc_export.data.text import CsvTable
from cc_export.errors import ExportError
from cc_export.study.records import ImageForm

IMAGE, CLASS, FILE = "image", "class", "file"
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff"})
# The table that may stand in the folder: a column ``file``, and any others.
LABELS = "labels.csv"
_MOST_PIXELS = 100_000_000


class ImageTable(Table):
    """Images decoded when asked for: columns ``image``, ``file``, and ``class`` or the table's."""

    def __init__(self, folder: Path, form: ImageForm) -> None:
        """List the images.

        Raises:
            ExportError: Pillow is not installed, there are no images, or the table names a file
                that is not below the folder.
        """
        try:
            from PIL import Image  # noqa: PLC0415 (an extra, for those who have such folders)
        except ImportError:
            hint = "Install it: pip install 'cc-export[images]'."
            raise ExportError(f"{folder}: folders of images need Pillow", hint) from None
        self.place = str(folder)
        self._pillow = Image
        self._folder = folder
        self._form = form
        self._labels = CsvTable(folder / LABELS) if (folder / LABELS).is_file() else None
        self._files = self._listed() if self._labels else self._found()
        if not self._files:
            known = ", ".join(sorted(SUFFIXES))
            hint = (
                f"Images lie in a folder for each class and are {known}; a table is named itself."
            )
            raise ExportError(f"{folder}: there are no images in it", hint)
        if form.size is None:
            self._form = ImageForm(self._size_of_first(), form.mode, form.layout)
        self._check_size()
        text = Column(np.dtype(object))
        others = self._labels.columns if self._labels else {CLASS: text}
        self.columns = {IMAGE: Column(np.dtype(np.uint8), self._shape()), FILE: text, **others}

    def __len__(self) -> int:
        return len(self._files)

    def read(self, names: Sequence[str], first: int, count: int) -> Arrays:
        """Decoded images and what is known of them."""
        files = self._files[first : first + count]
        found: Arrays = {}
        for name in names:
            if name == IMAGE:
                pictures = [self._pixels(file) for file in files]
                found[name] = (
                    np.stack(pictures) if pictures else np.empty((0, *self._shape()), np.uint8)
                )
            elif name == FILE:
                found[name] = np.array(files, object)
            elif self._labels:
                found[name] = self._labels.read([name], first, count)[name]
            else:
                found[name] = np.array([PurePosixPath(file).parts[0] for file in files], object)
        return found

    def _found(self) -> list[str]:
        try:
            return sorted(
                file.relative_to(self._folder).as_posix()
                for folder in self._folder.iterdir()
                if folder.is_dir()
                for file in folder.rglob("*")
                if file.suffix.lower() in SUFFIXES
                and file.is_file()
                and not _is_hidden(file.relative_to(self._folder))
            )
        except OSError as error:
            raise ExportError(f"{self.place}: cannot be read: {error.strerror}") from None

    def _listed(self) -> list[str]:
        assert self._labels is not None
        if FILE not in self._labels.columns:
            known = ", ".join(self._labels.columns)
            raise ExportError(f"{self._labels.place}: has no column {FILE!r}", f"It has {known}.")
        files = self._labels.read([FILE], 0, len(self._labels))[FILE].tolist()
        root = self._folder.resolve()
        for row, file in enumerate(files):
            path = (root / str(file)).resolve()
            if not path.is_relative_to(root):
                raise ExportError(f"{self._labels.place}: {file!r} is not below its folder")
            if not path.is_file():
                raise ExportError(f"{self._labels.place}: row {row + 1} names no file: {file!r}")
        return [str(file) for file in files]

    def _size_of_first(self) -> tuple[int, int]:
        file = self._files[0]
        try:
            with self._pillow.open(self._folder / file) as picture:
                return picture.height, picture.width
        except Exception as error:  # Pillow's decoders raise what they like
            raise self._unreadable(file, error) from None

    def _check_size(self) -> None:
        assert self._form.size is not None
        height, width = self._form.size
        if height * width > _MOST_PIXELS:
            raise ExportError(
                f"{self.place}: images of {height} × {width} pixels are too many to hold; there "
                f"may be {_MOST_PIXELS:,} in one",
                "Name a smaller `dataset.image.size`.",
            )

    def _shape(self) -> tuple[int, ...]:
        assert self._form.size is not None
        height, width = self._form.size
        channels = 1 if self._form.mode == "gray" else 3
        first = self._form.layout == "chw"
        return (channels, height, width) if first else (height, width, channels)

    def _pixels(self, file: str) -> NDArray[np.uint8]:
        assert self._form.size is not None
        height, width = self._form.size
        try:
            with self._pillow.open(self._folder / file) as opened:
                if opened.width * opened.height > _MOST_PIXELS:
                    raise ValueError(f"{opened.width} × {opened.height} pixels are too many")
                picture = opened.convert("L" if self._form.mode == "gray" else "RGB")
        except Exception as error:  # Pillow's decoders raise what they like
            raise self._unreadable(file, error) from None
        if picture.size != (width, height):
            picture = picture.resize((width, height), self._pillow.Resampling.BILINEAR)
        pixels = np.asarray(picture, np.uint8).reshape(height, width, -1)
        return pixels.transpose(2, 0, 1) if self._form.layout == "chw" else pixels

    def _unreadable(self, file: str, error: Exception) -> ExportError:
        lines = str(error).replace(f"{self._folder}/", "").strip().splitlines()
        return ExportError(f"{self.place}: {file}: not a readable image: {' '.join(lines[:1])}")


def _is_hidden(file: Path) -> bool:
    """Whether it is what programs keep for themselves, such as .ipynb_checkpoints."""
    return any(part.startswith(".") for part in file.parts)
